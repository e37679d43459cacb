import pytest

from model.data import DataConfig, prepare

HEADER = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"


def line(
    user,
    product,
    second,
    kind="view",
    code="appliances.environment.water_heater",
    brand="aqua",
    price="33.20",
):
    return f"2019-10-01 00:00:{second:02d} UTC,{kind},{product},205,{code},{brand},{price},{user},s-1\n"


def clicks(folder, lines, header=HEADER):
    file = folder / "clicks.csv"
    file.write_text(header + "".join(lines))
    return DataConfig(source="rees46", path=str(file))


def lines(users=4, seconds=5):
    return [line(user, (user + second) % 4, second) for user in range(users) for second in range(seconds)]


def test_views_carts_and_purchases_keep_their_names_and_times(tmp_path):
    more = [line(9, 1, 7, "cart"), line(9, 1, 8, "purchase"), line(9, 2, 9)]

    prepared = prepare(clicks(tmp_path, [*lines(), *more]))

    last = prepared.events[prepared.events["user_index"] == 4]
    assert last["event"].tolist() == ["cart", "purchase", "view"]
    assert [f"{time:%H:%M:%S}" for time in last["timestamp"]] == ["00:00:07", "00:00:08", "00:00:09"]


def test_a_categorys_code_becomes_a_path_and_a_title(tmp_path):
    prepared = prepare(clicks(tmp_path, lines()))

    first = prepared.items.iloc[0]
    assert first["category"] == "appliances > environment > water_heater"
    assert first["title"] == "Water heater (aqua)"


def test_a_category_without_a_code_is_called_by_its_number(tmp_path):
    prepared = prepare(
        clicks(tmp_path, [*lines(), *[line(user, 8, 0, code="", brand="") for user in range(4)]])
    )

    nameless = prepared.items.set_index("item_id").loc["8"]
    assert (nameless["category"], nameless["title"], nameless["brand"]) == ("category 205", "item 8", "")


def test_only_purchases_are_sales(tmp_path):
    prepared = prepare(clicks(tmp_path, [*lines(), line(1, 3, 0, "purchase"), line(2, 3, 0, "cart")]))

    assert prepared.items.set_index("item_id")["sales"].to_dict() == {"0": 0, "1": 0, "2": 0, "3": 1}


def test_a_malformed_line_is_set_aside_with_its_number_and_text(tmp_path):
    good = lines(users=30, seconds=6)
    good[10] = '2019-10-01 00:00:01 UTC,view,7,205,"two\nlines",aqua,1.5,3,s-1\n'
    good[20:20] = ["\n", "2019-10-01 00:00:01 UTC,view\n"]

    prepared = prepare(clicks(tmp_path, good))

    assert prepared.refused["row"].tolist() == ["line 24: 2019-10-01 00:00:01 UTC,view"]


def test_a_file_that_is_malformed_throughout_is_refused_with_the_first_line(tmp_path):
    bad = [*lines()[:3], "1,2\n", "1,2,3\n"]

    with pytest.raises(ValueError, match=r"clicks.csv line 5 has 2 fields instead of 9, and 2 of 5 lines"):
        prepare(clicks(tmp_path, bad))


def test_missing_columns_are_named_with_those_that_there_are(tmp_path):
    config = clicks(tmp_path, ["1,2,3\n"], header="event_time,product_id,user\n")

    with pytest.raises(
        ValueError, match=r"no column event_type, .*, user_id; it has event_time, product_id, user: name"
    ):
        prepare(config)


def test_text_that_is_not_utf8_is_refused_with_its_line(tmp_path):
    file = tmp_path / "latin.csv"
    file.write_bytes((HEADER + line(1, 2, 3) + line(1, 2, 4, brand="café")).encode("latin-1"))

    with pytest.raises(ValueError, match=r"latin.csv line 3 is not UTF-8; save the file as UTF-8 text"):
        prepare(DataConfig(source="rees46", path=str(file)))


def test_the_first_hours_of_a_real_shop_are_read_but_for_its_cut_last_line(shared_data):
    prepared = prepare(DataConfig(source="rees46", path=str(shared_data("rees46-head/2019-Oct.csv"))))

    assert prepared.report.read == 17_434 + 1
    assert prepared.report.refused["line is malformed"] == 1
    assert prepared.refused["row"].iloc[0].startswith("line 17436: 2019-10-01 02:50:00 UTC,view,10900305")
    assert len(prepared.users) == 4_504
    assert prepared.events["event"].value_counts().to_dict().keys() >= {"view", "cart", "purchase"}

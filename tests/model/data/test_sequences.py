import json

import pytest

from model.data import DataConfig, prepare
from model.data.sequences import START


def sequences(folder, text, attributes=None):
    file = folder / "toys.txt"
    file.write_text(text)
    if attributes is not None:
        (folder / "toys_item2attributes.json").write_text(attributes)
    return DataConfig(source="sequences", path=str(file))


LINES = "1 10 20 30 40\n2 20 30 10\n3 30 50\n"


def test_the_order_becomes_one_day_an_item_from_a_fixed_date(tmp_path):
    prepared = prepare(sequences(tmp_path, LINES))

    first = prepared.events[prepared.events["user_index"] == 0]
    names = prepared.items["item_id"].reindex(first["item_index"], fill_value="?").tolist()
    assert names == ["10", "20", "30", "?"]
    assert first["day"].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert first["timestamp"].iloc[0] == START
    assert first["part"].tolist() == ["train", "train", "validation", "test"]


def test_a_source_without_prices_says_so_once_and_not_for_every_row(tmp_path):
    prepared = prepare(sequences(tmp_path, LINES))

    assert dict(prepared.report.repaired) == {}
    assert prepared.items["price"].isna().all()
    assert set(prepared.items["price_band"]) == {0}


def test_attributes_beside_the_sequences_come_with_the_items(tmp_path):
    prepared = prepare(sequences(tmp_path, LINES, json.dumps({"10": [1, 2], "30": [7], "99": [3]})))

    by_id = prepared.items.set_index("item_id")["attributes"]
    assert by_id.to_dict() == {"10": (1, 2), "20": (), "30": (7,), "50": ()}


def test_without_attributes_there_is_no_such_column(tmp_path):
    assert "attributes" not in prepare(sequences(tmp_path, LINES)).items


@pytest.mark.parametrize(
    ("attributes", "complaint"),
    [
        ("{", "is not JSON"),
        ("[1]", "holds a list"),
        ('{"10": "red"}', "item 10 has red"),
        ("", "an empty file"),
    ],
)
def test_wrong_attributes_are_named_with_the_remedy(tmp_path, attributes, complaint):
    with pytest.raises(ValueError, match=complaint):
        prepare(sequences(tmp_path, LINES, attributes))


def test_a_user_on_two_lines_continues_where_the_first_ended(tmp_path):
    prepared = prepare(sequences(tmp_path, "1 10 20\n2 10 20 30\n1 30 10\n"))

    assert prepared.events.query("user_index == 0")["day"].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_a_line_without_items_is_set_aside_with_its_number(tmp_path):
    lines = [f"{user} 10 20 30" for user in range(150)]
    lines[41:41] = ["", "lonely"]

    prepared = prepare(sequences(tmp_path, "\n".join(lines)))

    assert prepared.refused["row"].tolist() == ["line 43: lonely"]
    assert prepared.report.read == 450 + 1


def test_a_file_of_another_kind_is_refused_with_the_first_bad_line(tmp_path):
    with pytest.raises(
        ValueError, match=r"toys.txt line 2 has a user and no item, and 2 of 3 lines are malformed"
    ):
        prepare(sequences(tmp_path, "1 10 20\ntwo\nthree\n"))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    file = tmp_path / "toys.txt"
    file.write_bytes(b"1 10 \xff\n")

    with pytest.raises(ValueError, match="is not UTF-8 text at byte 5"):
        prepare(DataConfig(source="sequences", path=str(file)))


def test_beauty_is_read_whole(shared_data):
    prepared = prepare(DataConfig(source="sequences", path=str(shared_data("amazon-beauty/Beauty.txt"))))

    assert len(prepared.users) == 22_363
    assert len(prepared.events) == prepared.report.read == 198_502
    assert prepared.report.parts["test"].events == prepared.report.parts["validation"].events == 22_363
    assert prepared.items["attributes"].map(len).gt(0).mean() > 0.99

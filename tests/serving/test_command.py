from datetime import timedelta

import pandas as pd
import pytest

from serving import command
from serving.catalogue import Catalogue
from serving.client import Client
from serving.command import main
from serving.runtime.note import ProcessNote
from tests.releases import NEWEST, tiny_release
from tests.serving.conftest import free_ports


@pytest.fixture
def run(capsys, monkeypatch):
    """`run("recommend", "--user", ...)` gives (exit code, what was printed, what went to stderr)."""
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def local(served, release, tmp_path, monkeypatch):
    """The local stack's folder as it is after scripts/up."""
    # Both protocols have one port there; without an edge, gRPC has it and HTTP is named.
    note = ProcessNote(process=served.process, ports={"inside-port": served.ports.grpc})
    (tmp_path / "edge").mkdir()
    note.write(tmp_path / "edge")
    (tmp_path / "release").symlink_to(release.folder)
    monkeypatch.setattr(command, "LOCAL_FOLDER", tmp_path)
    monkeypatch.setattr(command, "LOCAL_RELEASE", tmp_path / "release")


def error_line(run, *arguments) -> str:
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err.removeprefix("error: ").rstrip()


def test_without_a_server_the_command_says_how_to_start_one(run, release):
    url = f"127.0.0.1:{free_ports().grpc}"

    line = error_line(run, "recommend", "--user", "household-1", "--release", release.folder, "--url", url)

    assert line == f"no server answers at grpc://{url}; start it with scripts/up, or name another --url"


def test_without_a_release_the_command_says_so(run, tmp_path):
    line = error_line(run, "recommend", "--user", "household-1", "--release", tmp_path)

    assert line.startswith(f"release {tmp_path} has no manifest.json; build it with")


def test_a_moment_that_is_none_is_refused(run, capsys):
    with pytest.raises(SystemExit, match="2"):
        run("recommend", "--user", "household-1", "--at", "yesterday")
    assert "argument --at: invalid" in capsys.readouterr().err


def expected_ids(served, release, user) -> list[str]:
    catalogue = Catalogue.load(release.folder)
    with Client.open("grpc", f"127.0.0.1:{served.ports.grpc}") as client:
        answer = client.recommend(catalogue.history(user, catalogue.newest_event()))
    return [catalogue.item(index).item_id for index in answer.item_ids.tolist()]


def over(served, protocol):
    named = ["--url", f"127.0.0.1:{served.ports.http}"] if protocol == "http" else []
    return ["--protocol", protocol, *named]


@pytest.mark.triton
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_recommendations_have_names_categories_and_prices(run, local, served, release, protocol):
    code, out, err = run("recommend", "--user", "household-8", *over(served, protocol))

    assert (code, err) == (0, "")
    shown = [line.split("│")[1:-1] for line in out.splitlines() if line.startswith("│")]
    items = pd.read_parquet(release.file("items.parquet"))
    assert [row[0].strip() for row in shown] == expected_ids(served, release, "household-8")
    for item_id, name, category, price, _ in [[cell.strip() for cell in row] for row in shown]:
        (item,) = items[items["item_id"] == item_id].to_dict("records")
        assert (name, category, price) == (item["title"], item["category"], f"{item['price']:.2f}")


@pytest.mark.triton
def test_both_protocols_print_the_same_table(run, local, served):
    tables = {run("recommend", "--user", "household-2", *over(served, name))[1] for name in ("grpc", "http")}

    assert len(tables) == 1


@pytest.mark.triton
def test_an_earlier_moment_gives_other_recommendations(run, local):
    then = (NEWEST - timedelta(days=250)).isoformat()

    assert (
        run("recommend", "--user", "household-8")[1]
        != run("recommend", "--user", "household-8", "--at", then)[1]
    )


@pytest.mark.triton
def test_chances_are_printed_for_the_items_asked_for_in_that_order(run, local):
    code, out, _ = run("predict", "--user", "household-8", "--item", "900010", "--item", "900002")

    assert code == 0
    assert out.index("900010") < out.index("900002")
    assert out.count("%") == 2


@pytest.mark.triton
def test_a_user_without_history_gets_popular_items_and_is_told_so(run, local, release):
    code, out, _ = run("recommend", "--user", "nobody", "--k", "3")

    assert code == 0
    assert "User nobody has no history: these are the 3 items sold most." in out
    best = [item.item_id for item in Catalogue.load(release.folder).popular(3)]
    assert [item_id for item_id in best if item_id in out] == best


@pytest.mark.triton
def test_a_user_without_history_gets_the_chances_of_somebody_new_and_is_told_so(run, local):
    code, out, _ = run("predict", "--user", "nobody", "--item", "900001")

    assert code == 0
    assert "User nobody has no history" in out


@pytest.mark.triton
@pytest.mark.parametrize("k", ["0", "51", "-1"])
@pytest.mark.parametrize("user", ["household-1", "nobody"])
def test_a_k_outside_the_catalogue_is_one_line(run, local, user, k):
    assert error_line(run, "recommend", "--user", user, "--k", k).startswith(
        f"k is {k}; ask for 1 to 50 items"
    )


@pytest.mark.triton
def test_an_unknown_item_is_one_line(run, local):
    line = error_line(run, "predict", "--user", "household-1", "--item", "milk")

    assert line == "item milk is not in the release's catalogue; an item it knows is 900001"


@pytest.mark.triton
def test_names_of_another_release_than_the_served_one_are_never_printed(run, local, tmp_path, release):
    other = tiny_release(tmp_path / "other", seed=5)

    line = error_line(run, "recommend", "--user", "household-1", "--release", other.folder)

    assert release.digest in line
    assert other.digest in line

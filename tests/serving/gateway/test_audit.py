import json

import pytest

from serving.gateway import audit, audit_log
from serving.gateway.audit import AuditError, Link, audit_files, verify
from serving.gateway.audit_log import AuditLog
from tests.full_disk import no_file_larger_than


def written(folder, count=5, start=0):
    log = AuditLog(folder)
    for number in range(start, start + count):
        log.write({"event": "recommend", "answer": [str(number)]})
    log.close()
    return folder


def lines(folder):
    return [line for file in audit_files(folder) for line in file.read_bytes().splitlines(keepends=True)]


def rewritten(folder, new):
    (file,) = audit_files(folder)
    file.write_bytes(b"".join(new))


def test_records_hold_and_the_next_start_goes_on_with_the_chain(tmp_path):
    written(tmp_path)
    end = verify(written(tmp_path, start=5))

    assert end.number == 10
    assert [json.loads(line)["answer"] for line in lines(tmp_path)] == [[str(n)] for n in range(10)]
    assert len(audit_files(tmp_path)) == 2


def test_a_changed_record_is_named(tmp_path):
    changed = lines(written(tmp_path))
    changed[2] = changed[2].replace(b'["2"]', b'["7"]')
    rewritten(tmp_path, changed)

    with pytest.raises(AuditError, match=r"line 3: record 3 was changed; the 2 before it hold$"):
        verify(tmp_path)


@pytest.mark.parametrize(
    "forge", [lambda all_: all_[:2] + all_[3:], lambda all_: [*all_[:3], all_[1], *all_[3:]]]
)
def test_a_record_removed_or_put_in_between_is_named(tmp_path, forge):
    rewritten(tmp_path, forge(lines(written(tmp_path))))

    with pytest.raises(AuditError, match=r"does not follow record"):
        verify(tmp_path)


def test_a_changed_record_with_a_new_hash_breaks_the_one_after_it(tmp_path):
    chain = lines(written(tmp_path))
    body = json.loads(chain[1])
    before = Link(body["number"] - 1, body["previous"])
    forged = {key: body[key] for key in ("at", "event")} | {"answer": ["forged"]}
    chain[1], _ = audit.sealed(forged, before)
    rewritten(tmp_path, chain)

    with pytest.raises(AuditError, match=r"line 3: record 3 does not follow record 2"):
        verify(tmp_path)


def test_files_that_were_moved_away_are_missed_unless_their_end_is_given(tmp_path):
    written(tmp_path, 3)
    first = audit_files(tmp_path)[0]
    end = verify(tmp_path)
    written(tmp_path, 2, start=3)
    first.unlink()

    with pytest.raises(AuditError, match=r"record 4 does not follow record 0"):
        verify(tmp_path)
    assert verify(tmp_path, after=end).number == 5


def test_the_command_names_the_first_broken_record(tmp_path, capsys):
    changed = lines(written(tmp_path))
    assert audit.main(["verify", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("5 records hold; the last is 5 ")
    rewritten(tmp_path, [*changed[:3], b'{"no": "record"}\n', *changed[3:]])

    assert audit.main(["verify", str(tmp_path)]) == 1
    assert "line 4: this is no whole record; the 3 before it hold" in capsys.readouterr().err


def test_a_full_file_or_a_new_day_begins_another_file_of_the_same_chain(tmp_path, monkeypatch):
    monkeypatch.setattr(audit_log, "ROTATE_BYTES", 1000)
    written(tmp_path, 20)

    assert len(audit_files(tmp_path)) > 3
    assert all(file.stat().st_size <= 1000 for file in audit_files(tmp_path))
    assert verify(tmp_path).number == 20


def test_a_line_cut_short_by_a_crash_is_set_aside_and_the_chain_goes_on(tmp_path):
    written(tmp_path)
    (file,) = audit_files(tmp_path)
    with file.open("ab") as torn:
        torn.write(b'{"answer":["half')

    written(tmp_path, start=5)

    assert verify(tmp_path).number == 10
    assert file.with_suffix(".torn").read_bytes() == b'{"answer":["half'


def test_nothing_is_chained_to_a_broken_end(tmp_path):
    changed = lines(written(tmp_path))
    rewritten(tmp_path, [*changed[:4], changed[4].replace(b'["4"]', b'["5"]')])

    with pytest.raises(AuditError, match=r"record 5 was changed"):
        AuditLog(tmp_path)


def test_while_the_disk_is_full_records_wait_and_follow_in_order(tmp_path):
    log = AuditLog(tmp_path)
    for number in range(3):
        log.write({"answer": [str(number)]})
    size = audit_files(tmp_path)[0].stat().st_size
    with no_file_larger_than(size + 100):
        for number in range(3, 6):
            log.write({"answer": [str(number)]})
        assert log.waiting == 3
        # No half line, though the disk took a part of one.
        assert audit_files(tmp_path)[0].stat().st_size == size
    log.write({"answer": ["6"]})
    log.close()

    assert log.waiting == 0
    assert [json.loads(line)["answer"] for line in lines(tmp_path)] == [[str(n)] for n in range(7)]
    assert verify(tmp_path).number == 7


def test_what_neither_disk_nor_memory_could_hold_is_counted_in_the_chain(tmp_path, monkeypatch):
    monkeypatch.setattr(audit_log, "MAX_WAITING", 2)
    log = AuditLog(tmp_path)
    log.write({"answer": ["0"]})
    with no_file_larger_than(audit_files(tmp_path)[0].stat().st_size):
        for number in range(1, 6):
            log.write({"answer": [str(number)]})
        assert (log.waiting, log.lost) == (2, 3)
    log.write({"answer": ["6"]})
    log.close()

    bodies = [json.loads(line) for line in lines(tmp_path)]
    assert [body.get("answer") for body in bodies] == [["0"], None, ["4"], ["5"], ["6"]]
    assert (bodies[1]["event"], bodies[1]["count"]) == ("records-lost", 3)
    assert verify(tmp_path).number == 5


def test_only_the_owner_reads_the_records(tmp_path):
    folder = written(tmp_path / "audit")

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in audit_files(folder)} == {0o600}

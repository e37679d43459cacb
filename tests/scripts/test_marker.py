from scripts.setup import marker

FACTS = {"python": "3.11.2", "lock": "abc"}


def test_a_folder_is_complete_for_exactly_the_facts_it_was_finished_from(tmp_path):
    marker.write(tmp_path, FACTS)

    assert marker.complete(tmp_path, FACTS)
    assert not marker.complete(tmp_path, {**FACTS, "lock": "changed"})
    assert not marker.complete(tmp_path, {"python": "3.11.2"})


def test_a_folder_that_was_never_finished_is_not_complete(tmp_path):
    assert not marker.complete(tmp_path / "absent", FACTS)


def test_a_half_written_marker_counts_as_none(tmp_path):
    marker.write(tmp_path, FACTS)
    whole = (tmp_path / marker.NAME).read_text()
    (tmp_path / marker.NAME).write_text(whole[: len(whole) // 2])

    assert marker.read(tmp_path) == {}


def test_a_removed_marker_makes_the_folder_incomplete_and_removing_twice_is_fine(tmp_path):
    marker.write(tmp_path, FACTS)
    marker.remove(tmp_path)
    marker.remove(tmp_path)

    assert not marker.complete(tmp_path, FACTS)


def test_a_replaced_file_leaves_no_scratch_file_beside_it(tmp_path):
    marker.replace_file(tmp_path / "bin" / "tool", "#!/bin/sh\n", mode=0o755)

    assert [file.name for file in (tmp_path / "bin").iterdir()] == ["tool"]
    assert (tmp_path / "bin" / "tool").stat().st_mode & 0o777 == 0o755


def test_a_digest_changes_with_every_byte_and_every_name(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("same")
    second.write_text("same")
    before = marker.digest([first])
    assert marker.digest([second]) != before

    first.write_text("Same")
    assert marker.digest([first]) != before

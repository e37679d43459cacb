import pytest

from scripts.setup.failure import SetupError


def test_what_a_command_prints_is_returned_logged_and_shown(shell):
    with shell.progress.step("asking") as step:
        answer = shell.run(step, ["sh", "-c", "echo one; echo two >&2"])

    assert answer == "one\ntwo\n"
    assert step.detail == "two"
    assert shell.log.read_text() == "$ sh -c echo one; echo two >&2\none\ntwo\n"


def test_a_failed_command_becomes_one_line_with_its_own_error_and_the_log(shell):
    failing = "echo working; echo 'error: no such lock'; echo bye; exit 3"

    with pytest.raises(SetupError) as caught, shell.progress.step("failing") as step:
        shell.run(step, ["sh", "-c", failing], what="the installer")
    assert str(caught.value) == f"the installer failed: error: no such lock; details: {shell.log}"


def test_a_program_that_is_not_there_is_named(shell):
    with pytest.raises(SetupError, match="no-such-program cannot be run"), shell.progress.step("x") as step:
        shell.run(step, ["no-such-program"])


def test_each_step_says_once_that_it_began_and_once_how_it_ended(shell, said):
    with shell.progress.step("good"):
        pass
    with pytest.raises(KeyError), shell.progress.step("bad"):
        raise KeyError

    lines = said.getvalue().splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "[set-up] good ...",
        "[set-up] good: done",
        "[set-up] bad ...",
        "[set-up] bad: failed",
    ]
    assert shell.progress.steps == 2

import time

from scripts.setup.lock import exclusive

HOLD = """
import subprocess, sys, time
from pathlib import Path
from scripts.setup.lock import exclusive
with exclusive(Path(sys.argv[1]), print) as descriptor:
    if sys.argv[2] == "with-child":
        child = subprocess.Popen(["sleep", "1"], pass_fds=[descriptor], stdout=subprocess.DEVNULL)
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_set_up_waits_for_the_first_and_says_for_whom(tmp_path, python_in):
    holder = python_in(HOLD, tmp_path / "lock", "alone")
    assert holder.stdout.readline() == "held\n"
    lines = []

    def say(line):
        lines.append(line)
        holder.kill()

    with exclusive(tmp_path / "lock", say):
        assert holder.wait() != 0
    assert lines == [f"[set-up] waiting for another set-up (process {holder.pid}) to finish"]
    holder.stdout.close()


def test_a_killed_set_up_keeps_its_lock_until_the_command_it_had_started_has_ended(tmp_path, python_in):
    holder = python_in(HOLD, tmp_path / "lock", "with-child")
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    holder.wait()
    holder.stdout.close()

    killed = time.monotonic()
    with exclusive(tmp_path / "lock", lambda line: None):
        assert time.monotonic() - killed > 0.5


def test_a_free_lock_is_taken_in_silence(tmp_path):
    lines = []
    for _ in range(2):
        with exclusive(tmp_path / "new folder" / "lock", lines.append):
            pass
    assert lines == []

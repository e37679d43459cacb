import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from serving.runtime.process import PROC, ProcessRef, mentioning

# The first thread ends, another lives on and holds what the process held.
HEADLESS = (
    "import ctypes, threading, time; threading.Thread(target=time.sleep, args=(60,)).start(); "
    "ctypes.CDLL(None).pthread_exit(None)"
)
SLEEP = [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"]


@pytest.fixture
def sleeper():
    """It has said that it runs: for a moment after its start a process has no command line."""
    with subprocess.Popen([*SLEEP, "rialto_test_word"], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.kill()


def test_a_running_process_is_alive_until_it_ends(sleeper):
    ref = ProcessRef.of(sleeper.pid)

    assert ref.alive()
    assert ref.end(signal.SIGKILL, wait_seconds=10)
    assert not ref.alive()


def test_a_zombie_counts_as_ended(sleeper):
    ref = ProcessRef.of(sleeper.pid)
    os.kill(sleeper.pid, signal.SIGKILL)
    # Not reaped: wait without collecting the exit status.
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)

    assert not ref.alive()
    assert ProcessRef.of(sleeper.pid) is None


def test_a_process_is_alive_until_its_last_thread_is_gone():
    with subprocess.Popen([sys.executable, "-c", HEADLESS]) as process:
        status = PROC / str(process.pid) / "status"
        while "State:\tZ" not in status.read_text():
            time.sleep(0.01)
        ref = ProcessRef.of(process.pid)

        assert ref is not None
        assert ref.end(signal.SIGKILL, wait_seconds=10)
        assert not ref.alive()


def test_a_process_that_only_has_the_same_number_is_never_signalled(sleeper):
    ref = ProcessRef.of(sleeper.pid)
    former = replace(ref, started=ref.started - 1)

    assert not former.alive()
    assert former.end(signal.SIGKILL, wait_seconds=1)
    time.sleep(0.2)
    assert sleeper.poll() is None


def test_ending_what_has_ended_is_no_error():
    with subprocess.Popen(SLEEP, stdout=subprocess.DEVNULL) as process:
        ref = ProcessRef.of(process.pid)
        process.kill()

    assert ref.end(signal.SIGTERM, wait_seconds=1)


def test_a_process_that_ignores_the_signal_is_reported_as_still_there():
    script = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        ref = ProcessRef.of(process.pid)

        assert not ref.end(signal.SIGTERM, wait_seconds=0.2)
        assert ref.end(signal.SIGKILL, wait_seconds=10)


def test_processes_are_found_by_a_word_of_their_command_line(sleeper):
    assert ProcessRef.of(sleeper.pid) in mentioning("rialto_test_word")
    assert mentioning("rialto_word_that_nobody_uses_" + str(os.getpid())) == []

import socket
import sys

import pytest

from model.cluster.__main__ import main


def refusal(monkeypatch, *arguments: str) -> str:
    """The line that the command ends with."""
    monkeypatch.setattr(sys, "argv", ["model.cluster", "--recipe", "smoke", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert isinstance(stopped.value.code, str)
    assert "\n" not in stopped.value.code
    return stopped.value.code


def test_without_ray_the_command_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("model.cluster.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ray", None)

    assert "ray is not installed; install the extra: pip install 'rialto[cluster]'" in refusal(monkeypatch)


@pytest.mark.slow
def test_an_address_where_nobody_answers_is_told_at_once(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        assert f"--address is {address!r}, where nobody answers" in refusal(monkeypatch, "--address", address)


@pytest.mark.slow
@pytest.mark.parametrize("address", ["ray://head:10001", "head", "head:"])
def test_an_address_of_another_kind_is_refused(monkeypatch, address):
    assert "run this on a machine of the cluster" in refusal(monkeypatch, "--address", address)


@pytest.mark.slow
def test_auto_without_a_cluster_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))

    assert "--address is 'auto', but no Ray cluster has this machine in it" in refusal(
        monkeypatch, "--address", "auto"
    )


@pytest.mark.slow
def test_no_workers_at_all_are_refused(monkeypatch):
    assert "--workers is 0; one at least has to do the work" in refusal(monkeypatch, "--workers", "0")

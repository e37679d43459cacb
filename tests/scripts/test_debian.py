import pytest

from scripts.setup import debian
from scripts.setup.debian import SystemProgram


@pytest.fixture
def bin_folder(tmp_path, monkeypatch):
    """The only folder on PATH; `programs` in it are empty scripts."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def add(name, script="#!/bin/sh\n"):
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)

    return add


def test_any_of_its_programs_is_enough(bin_folder):
    part = SystemProgram("redis", ("redis-server", "valkey-server"), ("redis-server",))
    assert not part.complete()

    bin_folder("valkey-server")

    assert part.complete()


def test_where_it_cannot_be_installed_set_up_goes_on_and_says_the_one_line_that_does(bin_folder, shell, said):
    SystemProgram("redis", ("redis-server",), ("redis-server",)).install(shell)

    words = said.getvalue()
    assert "only root may install it. Its tests are skipped; run: sudo apt-get install redis-server" in words


def test_a_package_that_cannot_be_fetched_stops_nothing(bin_folder, shell, said, monkeypatch):
    monkeypatch.setattr(debian.os, "geteuid", lambda: 0)
    bin_folder("apt-get", "#!/bin/sh\necho 'E: no such package'\nexit 100\n")

    SystemProgram("redis", ("redis-server",), ("redis-server",)).install(shell)

    words = said.getvalue()
    assert "no such package" in words
    assert "sudo apt-get install redis-server" in words


def test_root_gets_it_installed_without_a_service_started(bin_folder, shell, tmp_path, monkeypatch):
    monkeypatch.setattr(debian.os, "geteuid", lambda: 0)
    asked = tmp_path / "asked"
    bin_folder("apt-get", f'#!/bin/sh\necho "$RUNLEVEL $@" >> {asked}\n')

    SystemProgram("redis", ("redis-server",), ("redis-server",)).install(shell)

    assert asked.read_text().splitlines() == ["1 update", "1 install -y --no-install-recommends redis-server"]

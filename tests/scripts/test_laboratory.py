import pytest

from scripts.setup.installer import Installer
from scripts.setup.laboratory import Laboratory


@pytest.fixture
def laboratory(layout, interpreter, tmp_path, monkeypatch):
    """The laboratory of a clone on a machine whose PATH is empty."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    return Laboratory(layout, interpreter, Installer(layout, interpreter))


def test_what_is_missing_is_named_with_the_package_that_brings_it(laboratory):
    assert not laboratory.complete()
    assert laboratory.missing() == "no qemu-system-x86_64 (Debian: apt-get install qemu-system-x86)"


def test_where_it_cannot_be_brought_set_up_goes_on_and_says_that_its_tests_are_skipped(
    laboratory, shell, said
):
    laboratory.install(shell)

    words = said.getvalue()
    assert "no laboratory for the bridge, its tests are skipped" in words
    assert "apt-get install qemu-system-x86" in words

import sys
from pathlib import Path

import pytest

from scripts.setup.failure import SetupError
from scripts.setup.libpython import PythonBuild, provide
from scripts.setup.progress import Step


def test_a_python_tells_its_version_and_where_its_libraries_are(shell):
    build = PythonBuild.of(Path(sys.executable), shell, Step("asking"))

    assert build.version == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert build.file_name == f"libpython{build.version}.so.1.0"
    assert Path(build.prefix) / "lib" in build.library_folders


def test_a_library_beside_its_python_is_found_and_nothing_is_installed(tmp_path, shell):
    library = tmp_path / "libpython3.11.so.1.0"
    library.touch()
    build = PythonBuild("/usr", "3.11", (tmp_path / "absent", tmp_path))

    assert provide(build, shell, Step("looking")) == library
    assert not shell.log.exists()


def test_the_library_of_another_version_is_not_taken(tmp_path):
    (tmp_path / "libpython3.12.so.1.0").touch()

    assert PythonBuild("/usr", "3.11", (tmp_path,)).library() is None


def test_who_may_not_install_packages_is_told_the_one_command_that_does(tmp_path, shell, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    build = PythonBuild("/usr", "3.11", (tmp_path,))

    with pytest.raises(
        SetupError, match=r"^libpython3\.11\.so\.1\.0 is missing, .* sudo apt-get install libpython3\.11 "
    ):
        provide(build, shell, Step("looking"))


def test_a_python_that_no_package_owns_is_never_mended_by_a_package(tmp_path, shell):
    build = PythonBuild("/opt/python", "3.12", (tmp_path,))

    with pytest.raises(SetupError, match=r"Python at /opt/python has no libpython3\.12\..* --enable-shared"):
        provide(build, shell, Step("looking"))
    assert not shell.log.exists()

import subprocess

import pytest

from scripts.setup.failure import SetupError
from scripts.setup.server import require_platform
from tests.scripts.conftest import PROJECT

TRITON = PROJECT / ".rialto" / "environments" / "triton"


def test_the_machine_that_the_server_was_built_for_is_accepted():
    require_platform("Linux", "x86_64", ("glibc", "2.36"))


@pytest.mark.parametrize(
    ("machine", "named"),
    [
        (("Darwin", "arm64", ("", "")), "Darwin arm64 with an unknown libc"),
        (("Linux", "aarch64", ("glibc", "2.36")), "Linux aarch64 with glibc 2.36"),
        (("Linux", "x86_64", ("glibc", "2.31")), "Linux x86_64 with glibc 2.31"),
        (("Linux", "x86_64", ("", "")), "Linux x86_64 with an unknown libc"),
    ],
)
def test_any_other_machine_is_refused_with_what_it_is_and_what_works_there(machine, named):
    with pytest.raises(SetupError, match=f"this is {named}.*; use such a machine"):
        require_platform(*machine)


@pytest.mark.triton
def test_the_installed_stub_finds_its_python_through_the_folder_of_libraries():
    stub = TRITON / "backends" / "python" / "triton_python_backend_stub"
    env = {"LD_LIBRARY_PATH": str(TRITON / "libraries")}

    missing = subprocess.run(
        ["ldd", stub], env={**env, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True
    )
    assert "libpython" in missing.stdout
    assert "not found" not in missing.stdout

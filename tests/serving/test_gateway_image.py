"""What the gateway's image brings is what its process loads; no podman needed."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest

from tests.serving.test_images import IMAGES, PROJECT, instructions, versions

# Loaded only once something is served, so not by starting: httptools by uvicorn's `http` setting.
LATER = {"httptools", "h11", "click", "async-timeout"}
# Packages of its packages, which ask for them and are not asked for what would need them.
UNUSED = {"urllib3", "idna"}
# The project's environment has them, and redis and others look for them and do without.
OPTIONAL = {"cryptography", "psutil", "rialto", "setuptools"}
HEAVY = {"boto3", "cryptography", "joserfc", "onnxruntime", "pandas", "pyarrow", "torch", "transformers"}
SCRIPT = """
import json, runpy, sys
sys.meta_path = [each for each in sys.meta_path if "editable" not in str(each).lower()]
sys.path = [sys.argv[1], *[each for each in sys.path if each != sys.argv[2]]]
sys.argv = ["gateway", "--help"]
try:
    runpy.run_module("serving.gateway", run_name="__main__")
except SystemExit as end:
    print(json.dumps([end.code, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """What a start loads, from nothing but the files that the image copies.

    For each module the distributions that it may be of: some share a name, as `google`.
    """
    root = tmp_path_factory.mktemp("image")
    for instruction, arguments in instructions(IMAGES / "gateway.Containerfile"):
        words = shlex.split(arguments)
        if instruction == "COPY" and words[-1].startswith("/app/"):
            target = root / words[-1].removeprefix("/")
            target.mkdir(parents=True, exist_ok=True)
            for pattern in words[:-1]:
                for file in PROJECT.glob(pattern):
                    shutil.copy(file, target)
    (root / "app/serving/gateway/storefront.py").unlink()
    command = [sys.executable, "-I", "-c", SCRIPT, str(root / "app"), str(PROJECT)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    code, modules = json.loads(done.stdout.splitlines()[-1])
    assert code == 0
    known = packages_distributions()
    return [{_name(each) for each in known[module]} for module in modules if module in known]


def locked():
    return set(versions(IMAGES / "gateway.lock"))


def _name(distribution):
    return re.sub(r"[-_.]+", "-", distribution).lower()


def test_starting_the_gateway_loads_nothing_that_is_not_in_its_image(loaded):
    assert [each for each in loaded if not each & (locked() | OPTIONAL)] == []


def test_the_gateways_image_has_nothing_that_a_start_does_not_load(loaded):
    assert locked() - set().union(*loaded) - LATER - UNUSED == set()


def test_none_of_what_weighs_is_in_the_gateways_lock():
    assert not HEAVY & locked()

"""Our images, built from their Containerfiles and run as the pods run them: nobody's user, a root nobody can write.

What differs from production: the base is Debian's with the same Python (container.py), and the training image is built
without PyTorch and CUDA, whose 6 GB are mounted from the project's own environment, which has the same lock. Nothing
here has a GPU: training falls back to the CPU.
"""

import json
import re
import shutil
import sys
import time
from importlib.metadata import version
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from infra.training.bundle import bundle
from infra.training.job import CACHE, CODE, DATA, SCRIPT, SERVICE, WORK
from model.artifact import MANIFEST
from scripts.containers.contents import contents as report_of
from serving.fetch import fetch
from serving.model_config import TargetConfig
from serving.publish import publish
from tests.infra.local.conftest import small_shop
from tests.releases import tiny_release
from tests.serving.conftest import free_ports
from tests.serving.container import AS_IT_IS, MARKS, build, run_options
from tests.serving.s3 import BUCKET, served

pytestmark = MARKS

PROJECT = Path(__file__).parents[2]
PACKAGES = (
    Path(sys.prefix) / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
)
# Where pip of the base image installs, and what the training image gets from there for the test.
INSTALLED = "/usr/local/lib/python3.11/dist-packages"
# PyTorch finds its own backends by what its dist-info says.
HEAVY = ("torch", f"torch-{version('torch')}.dist-info", "torchgen", "functorch", "nvidia", "triton", "cuda")
# What pip makes of PyTorch's entry point.
TORCHRUN = "#!/usr/bin/python3\nfrom torch.distributed.run import main\nmain()\n"
HEAVY_LOCKED = re.compile(
    r"^(torch|triton|nvidia-[a-z0-9-]+|cuda-[a-z]+)==(?:.*\\\n)*.*\n(?:    #.*\n)*", re.MULTILINE
)
# On disk; a registry sends a third of it.
MOST_BYTES = 215_000_000
# The goal is 150 MB.
MOST_SENT = 150_000_000
STORE = f"s3://{BUCKET}/releases"


@pytest.fixture(scope="module")
def fetch_image(podman):
    return build(podman, "fetch")


@pytest.fixture(scope="module")
def training_image(podman, tmp_path_factory):
    context = tmp_path_factory.mktemp("context")
    images = context / "serving" / "images"
    shutil.copytree(PROJECT / "serving" / "images", images)
    lock = images / "training.lock"
    light, left_out = HEAVY_LOCKED.subn("", lock.read_text())
    assert left_out > 10
    lock.write_text(light)
    return build(podman, "training", context)


@pytest.fixture(scope="module")
def gateway_image(podman):
    return build(podman, "gateway")


@pytest.fixture(params=["fetch", "training"])
def image(request):
    return request.getfixturevalue(f"{request.param}_image")


@pytest.fixture
def s3(monkeypatch):
    yield from served(monkeypatch)


@pytest.fixture
def environment(s3, monkeypatch):
    """What a pod is told of the store."""
    return {
        "AWS_ENDPOINT_URL_S3": s3.client.meta.endpoint_url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


@pytest.fixture
def folder(tmp_path):
    """A folder that the pods' user may write, as Kubernetes makes its volumes."""

    def folder(name):
        made = tmp_path / name
        made.mkdir()
        made.chmod(0o777)
        return made

    # pytest makes its folders for their owner alone.
    for parent in [tmp_path, *list(tmp_path.parents)[:2]]:
        parent.chmod(0o755)
    return folder


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_an_image_runs_as_nobody_on_a_root_that_nobody_can_write(podman, image):
    script = "id -u; id -g; touch /app/x /work/x /x 2>&1 | grep -c 'Read-only file system\\|No such file'"
    said = podman.done("run", *AS_IT_IS, "--entrypoint", "/bin/sh", image, "-c", script)

    assert said.split() == ["1000", "1000", "3"]


def test_no_image_knows_where_this_machine_gets_its_packages(podman, image):
    told = podman.done("image", "inspect", image) + podman.done("history", "--no-trunc", image)
    script = "cat /etc/pip.conf /root/.config/pip/pip.conf /root/.pip/pip.conf 2>/dev/null | wc -c"
    left = podman.done("run", *AS_IT_IS, "--user=0:0", "--entrypoint", "/bin/sh", image, "-c", script)

    assert left == "0"
    assert not re.search(r"index.url|pip\.conf|extra.index", told, re.IGNORECASE)


def test_the_fetch_image_lays_out_the_repository_that_triton_expects(
    podman, fetch_image, release, environment, folder, tmp_path
):
    publish(release, STORE)
    models = folder("models")
    arguments = ["serving.fetch", STORE, release.digest, "/models", "--device=gpu", "--instances=2"]

    said = podman.done(
        "run", *run_options(environment), f"--volume={models}:/models", fetch_image, *arguments
    )

    fetch(STORE, release.digest, tmp_path / "here", TargetConfig.production(device="gpu", instances=2))
    assert said == f"{release.digest} is version 1 of recommend, predict in /models"
    assert contents(models) == contents(tmp_path / "here")
    assert {"recommend/config.pbtxt", "recommend/1/model.onnx"} <= contents(models).keys()


def test_the_fetch_image_refuses_a_tampered_release_in_one_line(
    podman, fetch_image, release, environment, s3, folder
):
    publish(release, STORE)
    s3.put(f"releases/{release.digest.replace(':', '/')}/recommend.onnx", b"another graph")
    models = folder("models")
    arguments = ["serving.fetch", STORE, release.digest, "/models", "--device=cpu", "--instances=1"]

    done = podman("run", *run_options(environment), f"--volume={models}:/models", fetch_image, *arguments)

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert line.endswith("do not serve it")
    assert contents(models) == {}


def test_the_gateways_image_answers_as_nobody_on_a_root_that_nobody_can_write(
    podman, gateway_image, folder, tmp_path
):
    release, state = tiny_release(tmp_path / "release"), folder("state")
    for path in (release.folder, *release.folder.iterdir()):
        path.chmod(0o755)
    free = free_ports()
    port = free.http
    arguments = [
        f"--port={port}",
        f"--triton=127.0.0.1:{free.grpc}",
        "--release=/release",
        "--state=/state",
    ]
    container = podman.done(
        "run",
        "--detach",
        *AS_IT_IS,
        f"--volume={release.folder}:/release:ro",
        f"--volume={state}:/state",
        gateway_image,
        *arguments,
    )
    try:
        health = _answer(port, "/healthz", podman, container)
        answer = _answer(port, "/recommend?user_id=somebody&k=3", podman, container)
    finally:
        podman.done("stop", container)

    assert (health["ready"], health["model"]) == (True, release.digest)
    # No Triton is there, so it says what sells.
    assert (answer["fallback"], len(answer["items"])) == (True, 3)
    assert all(path.stat().st_uid == 1000 for path in state.iterdir())


def test_the_gateways_image_has_no_shell_no_installer_and_nothing_that_gives_rights(podman, gateway_image):
    place = Path(podman.done("image", "mount", gateway_image))
    try:
        files = [path for path in place.rglob("*") if path.is_file() and not path.is_symlink()]
        names = {path.name for path in files}
        size = sum(path.stat().st_size for path in files)
        privileged = [path for path in files if path.stat().st_mode & 0o6000]
        packages = {path.name for path in (place / "packages").iterdir()}
    finally:
        podman.done("image", "unmount", gateway_image)

    assert not names & {"sh", "bash", "dash", "busybox", "apt", "dpkg", "pip", "perl"}
    assert privileged == []
    assert {"arro3", "fastapi"} <= packages
    assert not packages & {"pandas", "pyarrow", "boto3", "cryptography"}
    assert size < MOST_BYTES


def test_the_report_of_an_image_counts_what_the_image_holds(podman, gateway_image, tmp_path):
    archive = tmp_path / "image.tar"
    podman.done("save", "--format", "docker-archive", "--output", archive, gateway_image)
    place = Path(podman.done("image", "mount", gateway_image))
    try:
        files = [path for path in place.rglob("*") if path.is_file() and not path.is_symlink()]
        size = sum(path.stat().st_size for path in files)
    finally:
        podman.done("image", "unmount", gateway_image)

    found = report_of(archive)

    assert (found.files, found.disk, sum(found.parts.values())) == (len(files), size, size)
    assert found.sent < MOST_SENT
    assert (found.shells, found.privileged) == ((), ())
    assert {"numpy", "grpcio"} <= found.parts.keys()


def _answer(port, path, podman, container):
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return json.load(answer)
        except URLError:
            running = podman.done("inspect", "--format", "{{.State.Running}}", container)
            assert running == "true"
            time.sleep(0.2)


@pytest.mark.skipif(
    sys.version_info[:2] != (3, 11),
    reason="PyTorch is mounted from the project's environment: not for Debian's Python 3.11",
)
def test_a_training_run_stages_its_code_trains_and_publishes_what_can_be_fetched(
    podman, fetch_image, training_image, environment, s3, folder, tmp_path
):
    code = _bundle(tmp_path)
    s3.put(f"code/{code.hex}.zip", code.data)
    s3.put("histories/shop.txt", small_shop().encode())
    work, models = folder("work"), folder("models")
    launcher = tmp_path / "torchrun"
    launcher.write_text(TORCHRUN)
    launcher.chmod(0o755)
    torch = [
        *(f"--volume={PACKAGES / each}:{INSTALLED}/{each}:ro" for each in HEAVY),
        f"--volume={launcher}:/usr/local/bin/torchrun:ro",
    ]

    stage = ["serving.stage", f"s3://{BUCKET}/code/{code.hex}.zip", code.digest, WORK]
    podman.done(
        "run",
        *run_options(environment),
        f"--volume={work}:{WORK}",
        fetch_image,
        *stage,
        "--data",
        f"s3://{BUCKET}/histories",
    )
    pod = {
        **environment,
        "JOB_NAME": "training-1",
        "JOB_COMPLETION_INDEX": "0",
        "STORE": STORE,
        "RIALTO_COMMIT": code.digest,
        "RIALTO_CACHE": CACHE,
        "PYTHONPATH": CODE,
        # PyTorch as mounted is not compiled, which three processes would do anew; as installed it is.
        "PYTHONPYCACHEPREFIX": f"{WORK}/bytecode",
        "HOME": "/tmp",
    }
    inputs = ["--recipe", "smoke", "--source", "sequences", "--seed", "0", "--path", f"{DATA}/shop.txt"]
    options = [
        *run_options(pod),
        f"--volume={work}:{WORK}",
        *torch,
        f"--workdir={CODE}",
        f"--add-host=training-1-0.{SERVICE}:127.0.0.1",
    ]
    script = SCRIPT.format(nodes=1, service=SERVICE, port=29500)
    podman.done("run", *options, training_image, "/bin/sh", "-c", script, "train", *inputs)

    (manifest,) = [key for key in s3.listing() if key.startswith("releases/") and key.endswith(MANIFEST)]
    digest = ":".join(manifest.split("/")[1:3])
    fetched = ["serving.fetch", STORE, digest, "/models", "--device=cpu", "--instances=1"]
    podman.done("run", *run_options(environment), f"--volume={models}:/models", fetch_image, *fetched)
    assert {"predict/1/model.onnx", "recommend/1/model.onnx"} <= contents(models).keys()


def _bundle(tmp_path):
    """The code as `pulumi up` packs it, with the gate open: a model of seconds has no quality to lose."""
    for name in ("model", "serving"):
        shutil.copytree(PROJECT / name, tmp_path / "root" / name)
    quantize = tmp_path / "root" / "model" / "compress" / "quantize.py"
    gate = "MIN_KEPT_SHARE = 0.99"
    assert gate in quantize.read_text()
    quantize.write_text(quantize.read_text().replace(gate, "MIN_KEPT_SHARE = 0.0"))
    return bundle(tmp_path / "root")

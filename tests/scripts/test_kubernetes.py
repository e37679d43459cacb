from hashlib import sha512

import pytest

from scripts.setup.failure import SetupError
from scripts.setup.installer import Installer
from scripts.setup.kubernetes import Kubernetes
from tests.scripts.conftest import pack


@pytest.fixture
def kubernetes(layout, interpreter, served):
    """The API server of a clone, whose archives come from a server of the test."""
    return Kubernetes(layout, interpreter, Installer(layout, interpreter), releases=served[1])


@pytest.fixture
def publish(kubernetes, served):
    """Lay out envtest's archive as its owners do, with programs that say `version`."""

    def publish(version, digest=""):
        release = served[0] / f"envtest-v{kubernetes.version}"
        archive = release / f"envtest-v{kubernetes.folder.name}.tar.gz"
        names = ("etcd", "kube-apiserver", "kubectl")
        pack(archive, {f"controller-tools/envtest/{name}": f"Kubernetes v{version}" for name in names})
        digest = digest or sha512(archive.read_bytes()).hexdigest()
        archive.with_name(f"{archive.name}.sha512").write_text(f"{digest}  /{archive.name}\n")

    return publish


def test_an_archive_within_reach_is_installed_without_what_we_do_not_use(kubernetes, publish, shell):
    publish(kubernetes.version)
    assert not kubernetes.complete()
    kubernetes.install(shell)

    assert kubernetes.complete()
    assert sorted(path.name for path in kubernetes.folder.iterdir()) == [
        "complete.json",
        "etcd",
        "kube-apiserver",
        "origin.txt",
    ]
    assert "from envtest's archive" in (kubernetes.folder / "origin.txt").read_text()


def test_an_archive_with_another_checksum_is_refused(kubernetes, publish, shell):
    publish(kubernetes.version, digest="f" * 128)

    with pytest.raises(SetupError, match=r"has SHA-512 [0-9a-f]{128} and its release says f{128}"):
        kubernetes.install(shell)
    assert not kubernetes.complete()


def test_a_server_that_says_another_version_is_refused_and_stays_incomplete(kubernetes, publish, shell):
    publish("1.0.0")

    with pytest.raises(SetupError, match=r"says it is 'Kubernetes v1\.0\.0', not v1\."):
        kubernetes.install(shell)
    assert not kubernetes.folder.exists()


def test_only_its_own_modules_make_the_api_server_incomplete(kubernetes, publish, shell):
    publish(kubernetes.version)
    kubernetes.install(shell)
    with (kubernetes.layout.builds / "engine" / "go.sum").open("a") as sums:
        sums.write("another h1:=\n")
    assert kubernetes.complete()

    with (kubernetes.layout.builds / "kubernetes" / "go.sum").open("a") as sums:
        sums.write("another h1:=\n")
    assert not kubernetes.complete()

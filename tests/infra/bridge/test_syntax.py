"""The programs that will read the files read them here, where Debian's packages are installed."""

import os
import shutil
import subprocess

import pytest

from infra.bridge.cloud_init import user_data
from tests.infra.bridge.bridges import rendered


def needs(program, package):
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    return pytest.mark.skipif(found is None, reason=f"{program} is missing: apt-get install {package}")


def accepts(*command):
    read = subprocess.run(command, capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stdout + read.stderr


@pytest.fixture
def folder(tmp_path):
    """A gateway's files, below a folder."""
    for path, each in rendered().items():
        target = tmp_path / path.removeprefix("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(each.content)
        target.chmod(int(each.mode, 8))
    return tmp_path


@needs("nft", "nftables")
@pytest.mark.skipif(os.geteuid() != 0, reason="nft reads rules as root only")
def test_nftables_takes_the_firewall(folder):
    accepts("/usr/sbin/nft", "--check", "--file", str(folder / "etc/nftables.conf"))


@needs("vtysh", "frr")
def test_frr_takes_its_configuration(folder):
    accepts("vtysh", "--dryrun", "--inputfile", str(folder / "etc/frr/frr.conf"))


@needs("cloud-init", "cloud-init")
def test_cloud_init_takes_the_user_data(tmp_path):
    (tmp_path / "user-data").write_text(user_data(rendered()))
    accepts("cloud-init", "schema", "--config-file", str(tmp_path / "user-data"))


def test_a_shell_takes_every_script(folder):
    for script in (folder / "usr/local/sbin").iterdir():
        accepts("sh", "-n", str(script))


@needs("systemd-analyze", "systemd")
def test_systemd_takes_every_unit(folder):
    units = folder / "etc/systemd/system"
    for unit in units.iterdir():
        text = unit.read_text()
        for program in ("/usr/local/sbin/bridge-interfaces", "/usr/local/sbin/bridge-drain"):
            text = text.replace(program, str(folder / program.removeprefix("/")))
        unit.write_text(text.replace("/usr/local/lib", str(folder / "usr/local/lib")))
    accepts("systemd-analyze", "verify", "--man=no", *map(str, units.iterdir()))

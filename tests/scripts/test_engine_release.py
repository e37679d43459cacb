import io
import tarfile

import pytest

from scripts.setup import engine_release, release
from scripts.setup.failure import SetupError
from scripts.setup.progress import Step
from tests.scripts.conftest import publish

VERSION, PLATFORM = "3.259.0", "linux-x64"


def fetch(folder, address):
    folder.mkdir(exist_ok=True)
    engine_release.fetch(VERSION, PLATFORM, folder, Step("fetching"), address)


def test_a_release_whose_checksum_fits_is_unpacked_without_the_hosts_we_do_not_use(served, tmp_path):
    publish(served[0], VERSION, PLATFORM)
    fetch(tmp_path / "engine", served[1])

    assert sorted(file.name for file in (tmp_path / "engine").iterdir()) == [
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
        "pulumi-resource-pulumi-python",
    ]
    assert (tmp_path / "engine" / "pulumi").stat().st_mode & 0o111


def test_a_release_with_another_checksum_is_refused_and_unpacks_nothing(served, tmp_path):
    publish(served[0], VERSION, PLATFORM, digest="f" * 64)

    with pytest.raises(
        SetupError, match=r"has SHA-256 [0-9a-f]{64} and its release says f{64}; something on the way"
    ):
        fetch(tmp_path / "engine", served[1])
    assert not (tmp_path / "engine" / "pulumi").exists()


def test_a_release_that_is_not_there_is_out_of_reach(served, tmp_path):
    with pytest.raises(release.OutOfReachError, match="answer 404"):
        fetch(tmp_path / "engine", served[1])


def test_an_address_where_nobody_answers_is_out_of_reach(tmp_path):
    with pytest.raises(release.OutOfReachError, match="refused"):
        fetch(tmp_path / "engine", "http://127.0.0.1:1")


def test_a_page_served_in_place_of_the_checksums_is_out_of_reach_and_not_trusted(served, tmp_path):
    publish(served[0], VERSION, PLATFORM)
    (served[0] / f"v{VERSION}" / f"pulumi-{VERSION}-checksums.txt").write_text("<html>Please sign in</html>")

    with pytest.raises(release.OutOfReachError, match="does not name pulumi-v3"):
        fetch(tmp_path / "engine", served[1])


def test_a_member_that_points_outside_is_written_inside_under_its_own_name(served, tmp_path):
    publish(served[0], VERSION, PLATFORM, prefix="../../../escaped/")
    fetch(tmp_path / "engine", served[1])

    assert (tmp_path / "engine" / "pulumi").is_file()
    assert not list(tmp_path.parent.glob("**/escaped"))


def test_an_archive_without_the_language_host_is_refused_by_its_name(tmp_path):
    archive = tmp_path / "release.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("pulumi/pulumi"), io.BytesIO())

    with pytest.raises(SetupError, match=r"release\.tar\.gz has no pulumi-language-python, "):
        engine_release.unpack(archive, tmp_path)


def test_a_checksum_is_found_by_the_files_whole_name():
    checksums = "aa  pulumi-v3.tar.gz.sig\nbb *pulumi-v3.tar.gz\ncc  /envtest-v1.tar.gz\n"

    assert release.expected_digest(checksums, "pulumi-v3.tar.gz") == "bb"
    assert release.expected_digest(checksums, "envtest-v1.tar.gz") == "cc"

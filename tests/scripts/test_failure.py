from pathlib import Path

import pytest

from scripts.setup.failure import explanation, os_explanation

LOG = Path("setup.log")


# What the tools print, taken from runs without a network.
@pytest.mark.parametrize(
    "output",
    [
        "error: Request failed after 3 retries\n  cause: client error (Connect)\n  cause: dns error\n",
        "WARNING: Retrying after connection broken by 'NewConnectionError('...')': /simple/uv/\n"
        "ERROR: No matching distribution found for uv==0.13.9\n",
        "go: example.org/m@v1.0.0: dial udp 10.0.0.1:53: connect: network is unreachable\n",
        "Err:1 bookworm InRelease\n  Temporary failure resolving 'debian'\n",
    ],
    ids=["uv", "pip", "go", "apt"],
)
def test_a_missing_network_is_told_from_other_failures(output):
    assert explanation("uv", output, LOG).startswith(
        "no network: uv could not reach its registry; connect, or"
    )


# What the tools print, taken from runs on a full disk.
@pytest.mark.parametrize(
    "output",
    [
        "error: Failed to download `numpy`\n  cause: No space left on device (os error 28)\n",
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
        "go: example.org/m@v1.0.0: write m.zip123.tmp: no space left on device\n",
    ],
    ids=["uv", "pip", "go"],
)
def test_a_full_disk_is_told_from_other_failures(output):
    message = explanation("uv", output, LOG)

    assert message.startswith("no disk space: uv filled the disk; free some, or set RIALTO_CACHE")


def test_another_failure_shows_the_tools_last_error_and_not_its_last_word():
    output = "error: hash mismatch for torch\nhint: this is a hint\n"

    assert explanation("uv", output, LOG) == "uv failed: error: hash mismatch for torch; details: setup.log"


def test_a_failure_without_a_word_is_still_a_line():
    assert explanation("uv", "", LOG) == "uv failed: it said nothing; details: setup.log"


def test_a_write_of_ours_to_a_full_disk_names_the_remedy():
    with pytest.raises(OSError, match="space") as caught:
        Path("/dev/full").write_text("x")

    assert os_explanation(caught.value).startswith(
        "no disk space: writing a file filled the disk; free some, or"
    )

import subprocess
import sys


def test_what_was_found_without_its_id_is_refused_before_anything_is_done():
    done = subprocess.run(
        [sys.executable, "-m", "scripts.recovery", "prod", "--found", "urn:pulumi:prod::a", "--clear"],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert "'urn:pulumi:prod::a' is not URN=ID" in done.stderr

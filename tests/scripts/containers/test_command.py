import os
import subprocess
import sys

from scripts.containers.podman import PROJECT


def run(*arguments, path=os.environ["PATH"]):
    command = [sys.executable, "-m", "scripts.containers", *arguments]
    environment = {**os.environ, "PATH": path}
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)


def test_an_unknown_image_is_refused_with_the_names_there_are():
    done = run("gateways")

    assert done.returncode == 1
    assert done.stderr == (
        "error: there is no image 'gateways'; there are: edge, fetch, gateway, training, triton\n"
    )


def test_without_podman_the_command_says_what_to_install(tmp_path):
    done = run("edge", path=str(tmp_path))

    assert done.returncode == 1
    assert done.stderr == "error: podman is not installed; apt-get install podman buildah runc\n"

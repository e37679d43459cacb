"""Two object stores on loopback and the pods' own commands between them.

The private one is rclone's S3 server over a folder. AWS's is moto, which is a mock: it knows conditional writes but
holds nobody to a policy, so that what the bucket and IAM refuse is not proven here.
"""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "hot"
RCLONE = str(Path(sys.prefix) / "bin" / "rclone")
KEY = ("AKIDEXAMPLE", "made-up-secret")
START_SECONDS = 30


@contextmanager
def private_store(folder: Path, address: str = "127.0.0.1", inside: Sequence[str] = ()):
    """S3 over `folder`, whose folders are containers; yields its endpoint. `inside` runs it somewhere else."""
    log = folder.parent / "private.log"
    with log.open("w") as output:
        command = [
            *inside,
            RCLONE,
            "serve",
            "s3",
            str(folder),
            f"--addr={address}:0",
            f"--auth-key={','.join(KEY)}",
        ]
        # What is put into the folder by a test is seen at once.
        server = subprocess.Popen(
            [*command, "--dir-cache-time=0", "--config=/notfound"], stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield _address(log, server)
    finally:
        server.terminate()
        server.wait()


def _address(log, server):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        if "http://" in (said := log.read_text()):
            return said.partition("http://")[2].split()[0].strip("[]/").join(("http://", ""))
        time.sleep(0.05)
    raise AssertionError(f"rclone serve s3 did not start: {log.read_text()}")


@contextmanager
def far_store():
    """moto's S3, empty but for the bucket; yields its endpoint."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        endpoint = "http://{}:{}".format(*server.get_host_and_port())
        # Servers of one process share what they hold.
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")).close()
        client(endpoint).create_bucket(Bucket=BUCKET)
        yield endpoint
    finally:
        server.stop()


def client(endpoint: str):
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=KEY[0],
        aws_secret_access_key=KEY[1],
    )


def run(container: dict, folders: dict[str, Path], authority: Path) -> subprocess.CompletedProcess:
    """Run a container's command with its own variables; only its keys lie elsewhere, and AWS's certificate is ours."""
    variables = {each["name"]: each["value"] for each in container["env"]}
    for name, value in variables.items():
        for mount, folder in folders.items():
            if value.startswith(f"{mount}/"):
                variables[name] = value.replace(mount, str(folder), 1)
    return subprocess.run(
        [RCLONE, *container["args"]],
        env={
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "RCLONE_CA_CERT": str(authority),
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
    )

"""A real Cinder API over SQLite, as an administrator without a Keystone sees it; stopped by whoever started it."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ENVIRONMENT = Path(__file__).parents[3] / ".rialto" / "environments" / "cinder"
PROJECT = "0" * 32
# The noauth mode takes user and project from the token.
TOKEN = f"admin:{PROJECT}"
START_SECONDS = 120

CONFIGURATION = """\
[DEFAULT]
auth_strategy = noauth
api_paste_config = {environment}/etc/cinder/api-paste.ini
transport_url = fake://
state_path = {folder}
[database]
connection = sqlite:///{folder}/cinder.db
[oslo_concurrency]
lock_path = {folder}/lock
"""
SERVE = """\
import sys
from pathlib import Path
from wsgiref.simple_server import make_server
from cinder.wsgi.wsgi import initialize_application
server = make_server("127.0.0.1", 0, initialize_application())
port = Path(sys.argv[-1]).with_name("port")
port.with_suffix(".new").write_text(str(server.server_port))
port.with_suffix(".new").rename(port)
server.serve_forever()
"""


@contextmanager
def real_cinder(folder: Path) -> Iterator[str]:
    """Serve on a free port of this machine; yields the endpoint."""
    assert (ENVIRONMENT / "bin" / "cinder-manage").exists(), "run scripts/setup cinder first"
    file = folder / "cinder.conf"
    file.write_text(CONFIGURATION.format(environment=ENVIRONMENT, folder=folder))
    options = ["--config-file", str(file)]
    with (folder / "log").open("w") as log:
        manage = [ENVIRONMENT / "bin" / "cinder-manage", *options, "db", "sync"]
        subprocess.run(manage, check=True, stdout=log, stderr=log)
        command = [ENVIRONMENT / "bin" / "python", "-c", SERVE, *options]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{_port(folder, process)}/v3/{PROJECT}"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _port(folder: Path, process: subprocess.Popen) -> str:
    for _ in range(START_SECONDS * 10):
        if (folder / "port").exists():
            return (folder / "port").read_text()
        assert process.poll() is None, (folder / "log").read_text()
        time.sleep(0.1)
    raise AssertionError((folder / "log").read_text())

"""cloud-init's user data: the files of a gateway and the order in which its services begin."""

from __future__ import annotations

import json
from collections.abc import Mapping

from infra.bridge.rendering import File
from infra.bridge.unit import UNITS

__all__ = ["MAX_BYTES", "user_data"]

# Nova takes 65535 bytes, in base64 (https://docs.openstack.org/api-ref/compute/#create-server).
MAX_BYTES = 65535 * 3 // 4


def user_data(files: Mapping[str, File]) -> str:
    """A `#cloud-config` that writes the files and starts what they configure; ValueError if Nova would refuse it."""
    config = {
        "write_files": [
            {"path": path, "permissions": each.mode, "owner": each.owner, "content": each.content}
            for path, each in files.items()
        ],
        "runcmd": [
            # What the image may have started by itself has read other files.
            ["sysctl", "--system"],
            ["systemctl", "daemon-reload"],
            ["systemctl", "enable", *UNITS],
            *(["systemctl", "restart", each] for each in UNITS),
        ],
    }
    # JSON is YAML too.
    text = "#cloud-config\n" + json.dumps(config, indent=1) + "\n"
    if len(text.encode()) > MAX_BYTES:
        raise ValueError(
            f"user data has {len(text.encode())} bytes, but Nova takes {MAX_BYTES}; make files smaller"
        )
    return text

"""Declared workloads as `podman kube play` (4.3) takes them; what is changed for it is here, and nothing else is."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from tests.manifests import of_kind
from tests.serving.container import Podman

# Without it, podman removes an init container that has ended before it has noticed that, and fails.
INIT_STAYS = {"io.podman.annotations.init.container.type": "always"}
# Its probes need systemd, and a curl in the container; it would publish every port that is only told.
NOT_HERE = ("startupProbe", "readinessProbe", "livenessProbe", "ports")

Manifest = dict[str, Any]


@contextmanager
def playing(podman: Podman, files: list[Path]) -> Iterator[None]:
    """Volumes of before are forgotten, and those of the block after it."""
    _forget(podman)
    try:
        yield
    finally:
        for file in files:
            podman("kube", "down", file)
        _forget(podman)


def _forget(podman: Podman) -> None:
    podman("pod", "rm", "--all", "--force", "--time", "1")
    podman("volume", "rm", "--all", "--force")


def pod(
    objects: list[Manifest], kind: str, name: str, images: Mapping[str, str], root: Path
) -> list[Manifest]:
    """The pod that the workload makes, as `name`, with its files and its volumes; `images` by those declared.

    podman has no StatefulSets, shares volumes of one name between pods, and mounts what a Secret holds without
    decoding it for everybody to read: Secrets are folders below `root`, with the rights that the kubelet gives them.
    """
    (workload,) = [each for each in of_kind(objects, kind) if each["metadata"]["name"] == name.split("-")[0]]
    spec = deepcopy(workload["spec"]["template"]["spec"])
    own = {each["name"]: f"{name}-{each['name']}" for each in spec["volumes"]}
    claims = [_claim(each, own, name) for each in workload["spec"].get("volumeClaimTemplates", [])]
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        container["image"] = images[container["image"]]
        container["imagePullPolicy"] = "Never"
        for key in NOT_HERE:
            container.pop(key, None)
        for mount in container["volumeMounts"]:
            mount["name"] = own[mount["name"]]
    for volume in spec["volumes"]:
        volume["name"] = own[volume["name"]]
        if "secret" in volume:
            folder = _secret(objects, volume.pop("secret"), spec["securityContext"]["fsGroup"], root)
            volume["hostPath"] = {"path": str(folder), "type": "Directory"}
    named = {claim["metadata"]["name"] for claim in claims}
    spec["volumes"] += [
        {"name": each, "persistentVolumeClaim": {"claimName": each}} for each in sorted(named)
    ]
    spec["restartPolicy"] = "Always"
    metadata = {"name": name, "annotations": INIT_STAYS}
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    return [*_config_maps(objects, spec), *claims, made]


def _claim(template: Manifest, own: dict[str, str], pod: str) -> Manifest:
    name = template["metadata"]["name"]
    own[name] = f"{pod}-{name}"
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": own[name]},
        "spec": template["spec"],
    }


def _secret(objects: list[Manifest], source: Manifest, group: int, root: Path) -> Path:
    """The folder of a secret volume: root's files, and the pod's group may do what the mode says."""
    name = source["secretName"]
    (secret,) = [each for each in of_kind(objects, "Secret") if each["metadata"]["name"] == name]
    folder = root / "secrets" / name
    folder.mkdir(parents=True, exist_ok=True)
    for key, text in secret["stringData"].items():
        (folder / key).write_text(text)
        (folder / key).chmod(source["defaultMode"])
        os.chown(folder / key, 0, group)
    return folder


def _config_maps(objects: list[Manifest], spec: Manifest) -> list[Manifest]:
    wanted = {each["configMap"]["name"] for each in spec["volumes"] if "configMap" in each}
    return [each for each in of_kind(objects, "ConfigMap") if each["metadata"]["name"] in wanted]


def write(file: Path, documents: list[Manifest]) -> Path:
    """One file of them, for `podman kube play`."""
    file.write_text(yaml.safe_dump_all(documents))
    return file

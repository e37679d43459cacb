"""What a program declared for Kubernetes, as the objects that an API server would be sent."""

from typing import Any

from tests.recording import Declared

# How Pulumi marks a value that is secret (https://www.pulumi.com/docs/iac/guides/building-extending/providers/).
SIGNATURE = "4dabf18193072939515e22adb298388d"
# Not objects of Kubernetes: the provider itself, and charts, which Helm turns into objects.
OTHERS = ("kubernetes:helm.sh/", "kubernetes:helm:", "pulumi:")


def manifests(declared: Declared, parent: str = "") -> list[dict[str, Any]]:
    """The objects declared below the component whose URN ends in `parent`, in the order of their declaration."""
    return [
        plain(resource.inputs)
        for resource in declared.resources
        if resource.type.startswith("kubernetes:")
        and not resource.type.startswith(OTHERS)
        and resource.parent.endswith(parent)
    ]


def of_kind(objects: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """The objects of one kind."""
    return [each for each in objects if each["kind"] == kind]


def pod_specs(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The pod of every object that makes pods."""
    found = []
    for each in objects:
        spec = each.get("spec", {})
        if each["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if "template" in spec:
            found.append(spec["template"]["spec"])
    return found


def plain(value: Any) -> Any:
    """A value without the marks of secrets, and with whole numbers whole: Pulumi's own wire knows only floats."""
    if isinstance(value, dict):
        if SIGNATURE in value:
            return plain(value["value"])
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value

"""The encryption of a volume type, which the OpenStack provider cannot declare: a resource of ours asks Cinder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider, UpdateResult

from infra.wire import whole

if TYPE_CHECKING:
    from openstack.block_storage.v3._proxy import Proxy

__all__ = ["ENCRYPTION", "VolumeTypeEncryption"]

# Cinder's guide (https://docs.openstack.org/cinder/latest/configuration/block-storage/volume-encryption.html). QEMU
# opens LUKS of the first kind only; Barbican makes AES keys of up to 256 bits, which XTS splits in two.
ENCRYPTION = {
    "provider": "luks",
    "cipher": "aes-xts-plain64",
    "key_size": 256,
    "control_location": "front-end",
}
_INFRA = Path(__file__).parents[1]
_BORN_WITH = ("type_id", *ENCRYPTION)


class _EncryptionProvider(ResourceProvider):
    """Holds nothing, so that its blob in the state is only its name and never changes."""

    serialize_as_secret_always = False

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Another one for another type or cipher: Cinder changes none that volumes use. Who asks is no matter."""
        olds, news = whole(olds), whole(news)
        replaces = [key for key in _BORN_WITH if olds.get(key) != news.get(key)]
        changes = bool(replaces) or any(olds.get(key) != news.get(key) for key in ("cloud", "region"))
        return DiffResult(changes=changes, replaces=replaces, delete_before_replace=True)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Encrypt the type, unless a run that was cut off already did; ValueError says why it is not encrypted."""
        props = whole(props)
        wanted = {key: props[key] for key in ENCRYPTION}
        with _volumes(props) as volumes:
            found = _encryption(volumes, props)
            if not found:
                volumes.create_type_encryption(props["type_id"], **wanted)
                found = _encryption(volumes, props)
        if found != wanted:
            raise ValueError(
                f"volume type {props['type_id']} has the encryption {found or 'none'}, not {wanted}; "
                "choose another openstack.storage.volume-type, and this one is left alone"
            )
        return CreateResult(props["type_id"], props)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """A type that somebody made plain again has no such resource: the next `up` refuses to go on without."""
        props = whole(props)
        with _volumes(props) as volumes:
            found = _encryption(volumes, props)
        return ReadResult(id_, {**props, **found}) if found else ReadResult(None, {})

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Note who asks from now on."""
        return UpdateResult(whole(news))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Make the type plain again, on its way to be deleted itself; Cinder refuses while volumes use it."""
        props = whole(props)
        with _volumes(props) as volumes:
            if _encryption(volumes, props):
                volumes.delete_type_encryption(volume_type=props["type_id"])


@contextmanager
def _volumes(props: dict[str, Any]) -> Iterator[Proxy]:
    """Cinder, as the operator; ValueError has what it or clouds.yaml said, in one line."""
    # Pulumi starts this in infra/, which so comes first on the path, and has an `openstack` of its own.
    sys.path[:] = [each for each in sys.path if Path(each).resolve() != _INFRA]
    # It takes a second, which no preview needs.
    import openstack

    try:
        with openstack.connect(cloud=props["cloud"], region_name=props["region"]) as connection:
            # Every cloud that is still run speaks version 3.
            yield cast("Proxy", connection.block_storage)
    except openstack.exceptions.ConfigException as error:
        raise ValueError(
            f"openstack.operator.cloud is {props['cloud']}: {error} Add it to clouds.yaml"
        ) from error
    except openstack.exceptions.SDKException as error:
        raise ValueError(
            f"the encryption of volume type {props['type_id']} failed as openstack.operator.cloud {props['cloud']}, "
            f"which must be an administrator of Cinder: {error}"
        ) from error


def _encryption(volumes: Proxy, props: dict[str, Any]) -> dict[str, Any]:
    """What the type's volumes are encrypted with; empty if they are not, or if there is no such type."""
    import openstack

    try:
        found = volumes.get_type_encryption(props["type_id"])
    except openstack.exceptions.NotFoundException:
        return {}
    return {key: found[key] for key in ENCRYPTION} if found.provider else {}


class VolumeTypeEncryption(Resource, module="openstack", name="VolumeTypeEncryption"):
    """Once it is there, every volume of type `type_id` is encrypted; `cloud` is the operator's entry of clouds.yaml."""

    def __init__(
        self,
        name: str,
        type_id: pulumi.Input[str],
        cloud: str,
        region: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props = {"type_id": type_id, "cloud": cloud, "region": region, **ENCRYPTION}
        super().__init__(_EncryptionProvider(), name, props, opts)

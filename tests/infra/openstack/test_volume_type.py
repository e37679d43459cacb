"""The volume type: encrypted before anything has it, and nobody else's."""

from infra.openstack.volume_type_encryption import ENCRYPTION
from tests.infra.openstack.estate import VOLUME_TYPE, chosen

ACCESS = "openstack:blockstorage/volumeTypeAccessV3:VolumeTypeAccessV3"
ENCRYPTED = "pulumi-python:dynamic/openstack:VolumeTypeEncryption"
USERS = (
    "openstack:blockstorage/volume:Volume",
    "openstack:compute/instance:Instance",
    "openstack:containerinfra/clusterTemplate:ClusterTemplate",
)


def test_only_this_project_sees_it(prod):
    assert prod.only(VOLUME_TYPE).inputs["isPublic"] is False
    assert prod.only(ACCESS).inputs["projectId"] == chosen("prod")["project-id"]


def test_it_is_the_operators_and_so_is_its_encryption(prod):
    operator = chosen("prod")["operator"]["cloud"]

    assert {prod.only(type_).provider for type_ in (VOLUME_TYPE, ACCESS)} == {"openstack-operator"}
    assert prod.only(ENCRYPTED).inputs["cloud"] == operator


def test_it_is_encrypted_with_luks_where_machines_run(prod):
    encryption = prod.only(ENCRYPTED).inputs

    assert encryption["type_id"] == "openstack-volumes-id"
    assert {key: encryption[key] for key in ENCRYPTION} == ENCRYPTION


def test_nothing_has_a_volume_before_its_type_is_encrypted(either):
    encryption = either.only(ENCRYPTED).name

    for type_ in USERS:
        assert either.of_type(type_)
        for each in either.of_type(type_):
            waits_for = {tuple(urn.split("::")[-2:]) for urn in each.depends_on}
            assert any(kind.endswith(ENCRYPTED) and name == encryption for kind, name in waits_for), each.name

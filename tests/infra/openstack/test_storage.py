"""Containers and volumes: private, encrypted, versioned, kept."""

from tests.infra.openstack.estate import DATA_SETS, VOLUME_TYPE, chosen

CONTAINER = "openstack:objectstorage/container:Container"
VOLUME = "openstack:blockstorage/volume:Volume"
ENCRYPTION = "pulumi-python:dynamic/openstack:VolumeTypeEncryption"
SECRET = "openstack:keymanager/secretV1:SecretV1"
CLUSTER = "openstack:containerinfra/cluster:Cluster"


def containers(declared):
    return {each.inputs["name"].removeprefix("rialto-test-"): each for each in declared.of_type(CONTAINER)}


def test_each_data_set_has_a_container_that_says_what_it_holds(either):
    labels = {name: each.inputs["metadata"]["residency"] for name, each in containers(either).items()}
    assert labels == DATA_SETS


def test_every_container_is_private(either):
    for container in containers(either).values():
        acl = container.inputs.get("containerRead", "")
        assert ".r:" not in acl
        assert "*" not in acl
        assert "containerWrite" not in container.inputs


def test_the_reader_reads_releases_the_sync_what_is_copied_and_nobody_what_is_raw(prod):
    settings = chosen("prod")
    reader, sync = (
        f"{settings['project-id']}:{settings[key]['user-id']}" for key in ("reader", "sync-reader")
    )
    granted = {name: each.inputs.get("containerRead") for name, each in containers(prod).items()}
    assert granted == {"interactions": None, "histories": sync, "releases": f"{reader},{sync}"}


def test_every_container_lies_on_encrypted_disks_and_keeps_old_versions(either):
    for container in containers(either).values():
        assert container.inputs["storagePolicy"] == "encrypted"
        assert container.inputs["versioning"] is True


def test_every_volume_is_encrypted(either):
    assert either.of_type(VOLUME)
    for volume in either.of_type(VOLUME):
        assert volume.inputs["volumeType"] == either.only(VOLUME_TYPE).inputs["name"]


def test_the_stores_are_s3_addresses(either):
    assert either.outputs["stores"]["releases"] == "s3://rialto-test-releases"


def test_what_holds_data_is_protected_and_survives_the_program(prod):
    for type_ in (CONTAINER, VOLUME, VOLUME_TYPE, ENCRYPTION, SECRET):
        for resource in prod.of_type(type_):
            assert resource.protect, resource.name
            assert resource.retained, resource.name
    assert prod.only(CLUSTER).protect
    assert {each.inputs["forceDestroy"] for each in prod.of_type(CONTAINER)} == {False}


def test_an_unprotected_stack_can_be_destroyed(dev):
    for resource in dev.resources:
        assert not resource.protect, resource.name
    assert {each.inputs["forceDestroy"] for each in dev.of_type(CONTAINER)} == {True}

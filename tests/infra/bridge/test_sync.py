"""What the sync's objects say."""

import subprocess

import pytest

from infra.bridge.rclone import MANIFEST_MINUTES, MAX_MINUTES
from tests.infra.bridge.bridges import settings
from tests.infra.bridge.stores import RCLONE
from tests.infra.bridge.syncs import SECRET_KEY, sync
from tests.manifests import manifests, of_kind, pod_specs


@pytest.fixture(scope="module")
def objects():
    return manifests(sync())


def test_each_data_set_that_both_clouds_hold_has_a_schedule_of_its_own(objects):
    schedules = {each["metadata"]["name"]: each["spec"] for each in of_kind(objects, "CronJob")}

    assert set(schedules) == {"sync-histories", "sync-releases"}
    for each in schedules.values():
        assert (each["schedule"], each["concurrencyPolicy"]) == ("*/10 * * * *", "Forbid")


def test_raw_data_is_never_copied(objects):
    assert "interactions" not in settings().residency.copied
    assert "interactions" not in str(objects)
    with pytest.raises(ValueError, match="data labelled raw stays in the private cloud"):
        sync(data_sets={"interactions": "raw"})


def test_nothing_is_deleted_on_aws(objects):
    for pod in pod_specs(objects):
        for container in [*pod["initContainers"], *pod["containers"]]:
            assert container["args"][0] == "copy"
            assert not [each for each in container["args"] if "delete" in each]


def test_a_copy_that_hangs_is_ended_before_anybody_calls_for_it(objects):
    for each in of_kind(objects, "CronJob"):
        job = each["spec"]["jobTemplate"]["spec"]
        assert job["backoffLimit"] == 0
        assert job["activeDeadlineSeconds"] > 2 * MAX_MINUTES * 60
        assert job["activeDeadlineSeconds"] < settings().bridge.stale_after_minutes * 60


def test_a_manifest_is_copied_only_if_its_files_lay_there_when_the_copy_of_files_began():
    assert MANIFEST_MINUTES > MAX_MINUTES


def test_the_pods_reach_dns_both_stores_and_nothing_else(objects):
    (policy,) = of_kind(objects, "NetworkPolicy")
    dns, *stores = policy["spec"]["egress"]

    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in policy["spec"]
    assert {port["port"] for port in dns["ports"]} == {53}
    assert [rule["to"] for rule in stores] == [
        [{"ipBlock": {"cidr": "192.168.31.0/28"}}],
        [{"ipBlock": {"cidr": "10.20.0.0/18"}}],
    ]
    assert {port["port"] for rule in stores for port in rule["ports"]} == {443}


def test_no_container_has_more_rights_than_it_needs(objects):
    for pod in pod_specs(objects):
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in [*pod["initContainers"], *pod["containers"]]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_keys_are_files_of_secrets_and_nowhere_else(objects):
    holders = [each["metadata"]["name"] for each in objects if SECRET_KEY in str(each)]

    assert holders == ["sync-private", "sync-aws"]
    assert {each["kind"] for each in objects if SECRET_KEY in str(each)} == {"Secret"}


@pytest.mark.rclone
def test_the_tests_run_the_version_that_the_stack_pins():
    said = subprocess.run([RCLONE, "version"], capture_output=True, text=True, check=True).stdout

    assert said.split()[1] == f"v{settings().bridge.sync.image.tag}"

import json
from importlib.metadata import version

import pytest
import yaml

from scripts.standins.newborn import SECRET_PREFIX
from scripts.standins.provider import Call
from scripts.standins.wire import UNKNOWN, is_secret, plain, secret

VPC = "aws:ec2/vpc:Vpc"
VPN = "aws:ec2/vpnConnection:VpnConnection"
CLUSTER = "aws:eks/cluster:Cluster"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
CREDENTIAL = "openstack:identity/applicationCredential:ApplicationCredential"
MAGNUM = "openstack:containerinfra/cluster:Cluster"


@pytest.mark.parametrize("package", ["aws", "kubernetes", "openstack", "random"])
def test_a_stand_in_has_the_version_of_its_sdk(request, package):
    standin = request.getfixturevalue(package).standin

    assert standin.GetPluginInfo(None, None).version == version(f"pulumi-{package}")


def test_a_preview_knows_what_was_given_and_not_what_creation_will_tell(aws):
    outputs = aws.create(VPC, {"cidrBlock": "10.0.0.0/16"}, preview=True).outputs

    assert outputs["cidrBlock"] == "10.0.0.0/16"
    assert outputs["arn"] == outputs["mainRouteTableId"] == UNKNOWN


def test_a_preview_does_not_know_what_creation_adds_to_a_group_that_was_given(aws):
    outputs = aws.create(
        CLUSTER, {"name": "eks", "vpcConfig": {"subnetIds": [UNKNOWN]}}, preview=True
    ).outputs

    assert outputs["vpcConfig"]["clusterSecurityGroupId"] == UNKNOWN
    assert outputs["certificateAuthority"] == UNKNOWN


def test_creation_tells_what_a_preview_did_not_know(aws):
    inputs = {"name": "eks", "vpcConfig": {"subnetIds": ["subnet-1"]}}
    before, after = aws.create(CLUSTER, inputs, preview=True), aws.create(CLUSTER, inputs)

    assert before.outputs.keys() == after.outputs.keys()
    assert UNKNOWN not in json.dumps(after.outputs)
    assert after.id == "eks"
    assert after.outputs["vpcConfig"]["clusterSecurityGroupId"].startswith("sg-")


def test_the_same_urn_gets_the_same_id_and_another_one_another(aws):
    assert aws.create(VPC, {}).id == aws.create(VPC, {}).id
    assert aws.create(VPC, {}).id != aws.create(VPC, {}, name="two").id


def test_what_replaces_a_resource_has_another_id(aws):
    assert (
        aws.create(VPC, {"cidrBlock": "10.0.0.0/16"}).id != aws.create(VPC, {"cidrBlock": "10.1.0.0/16"}).id
    )
    assert aws.create(VPC, {"tags": {"a": "1"}}).id == aws.create(VPC, {"tags": {"a": "2"}}).id


def test_what_came_as_a_secret_goes_back_as_one_at_any_depth(kubernetes):
    inputs = {"metadata": {"name": "keys"}, "stringData": {"psk": secret("k"), "user": "rialto"}}

    outputs = kubernetes.create("kubernetes:core/v1:Secret", inputs).outputs

    assert outputs["stringData"] == inputs["stringData"]
    assert outputs["metadata"]["uid"]


def test_a_stand_in_marks_as_secret_what_its_provider_marks_and_no_more(aws, openstack):
    connection = aws.create(VPN, {"type": "ipsec.1"}).outputs
    credential = openstack.create(CREDENTIAL, {}).outputs

    marked = {key for key, value in {**connection, **credential}.items() if is_secret(value)}
    assert marked == {"customerGatewayConfiguration", "secret", "tunnel1PresharedKey", "tunnel2PresharedKey"}
    assert plain(credential["secret"]).startswith(SECRET_PREFIX)


def test_every_secret_that_is_made_up_can_be_recognised(aws, openstack):
    connection = plain(aws.create(VPN, {"type": "ipsec.1"}).outputs)
    cluster = plain(openstack.create(MAGNUM, {"nodeCount": 1}).outputs)

    assert SECRET_PREFIX in connection["customerGatewayConfiguration"]
    assert connection["tunnel1PresharedKey"] != connection["tunnel2PresharedKey"]
    assert cluster["kubeconfig"]["client_key"].startswith(SECRET_PREFIX)
    assert yaml.safe_load(cluster["kubeconfig"]["raw_config"])["kind"] == "Config"


def test_a_tunnel_has_the_addresses_of_the_range_that_was_asked_for(aws):
    outputs = aws.create(VPN, {"tunnel1InsideCidr": "169.254.30.4/30"}).outputs

    assert outputs["tunnel1VgwInsideAddress"] == "169.254.30.5"
    assert outputs["tunnel1CgwInsideAddress"] == "169.254.30.6"


def test_an_update_keeps_what_was_computed(aws):
    inputs = {"cidrBlock": "10.0.0.0/16"}
    made = aws.create(VPC, inputs)

    outputs = aws.update(VPC, made.id, made.outputs, {**inputs, "enableDnsHostnames": True})

    assert outputs == {**made.outputs, "enableDnsHostnames": True}


def test_an_update_makes_a_new_version_that_its_preview_does_not_know(aws):
    made = aws.create(TEMPLATE, {"name": "nodes"})
    news = {"name": "nodes", "imageId": "ami-2"}

    assert aws.update(TEMPLATE, made.id, made.outputs, news, preview=True)["latestVersion"] == UNKNOWN
    assert aws.update(TEMPLATE, made.id, made.outputs, news)["latestVersion"] == 2


def test_a_name_is_made_up_once_where_none_was_given(aws, kubernetes):
    role, space = "aws:iam/role:Role", "kubernetes:core/v1:Namespace"
    first, second = aws.check(role, {"path": "/"}), kubernetes.check(space, {})

    assert first["name"].startswith("one-")
    assert second["metadata"]["name"].startswith("one-")
    assert aws.check(role, {"path": "/a/"}, first)["name"] == first["name"]
    assert aws.check(role, {"name": "mine"})["name"] == "mine"
    assert kubernetes.check(space, {"metadata": {"name": "mine"}})["metadata"] == {"name": "mine"}


def test_a_helm_release_is_named_as_such_and_not_as_an_object(kubernetes):
    release = "kubernetes:helm.sh/v3:Release"

    made_up = kubernetes.check(release, {"chart": "prometheus", "namespace": "monitoring"})

    assert made_up["name"].startswith("one-")
    assert "metadata" not in made_up
    assert kubernetes.create(release, made_up).id == f"monitoring/{made_up['name']}"
    assert kubernetes.create(release, made_up).outputs["status"]["status"] == "deployed"


def test_the_tags_of_the_provider_are_on_what_can_carry_tags(aws):
    aws.configure(region="eu-central-1", defaultTags=json.dumps({"tags": {"owner": "platform"}}))

    assert aws.check(VPC, {"tags": {"a": "1"}})["tags"] == {"owner": "platform", "a": "1"}
    assert "tags" not in aws.check("aws:iam/rolePolicy:RolePolicy", {"name": "p"})


def test_arns_name_the_account_and_region_of_the_provider(aws):
    aws.configure(region="eu-west-3", allowedAccountIds=json.dumps(["111122223333"]))

    assert (
        aws.create("aws:kms/key:Key", {}).outputs["arn"].startswith("arn:aws:kms:eu-west-3:111122223333:key/")
    )
    assert aws.create("aws:iam/role:Role", {"name": "r"}).outputs["arn"] == "arn:aws:iam::111122223333:role/r"


def test_what_the_state_knows_is_found_as_it_was(aws):
    assert aws.read(VPC, "vpc-1", {"cidrBlock": "10.0.0.0/16"}, {}) == {"cidrBlock": "10.0.0.0/16"}
    assert aws.read(VPC, "vpc-1", {}, {"cidrBlock": "10.0.0.0/16"})["cidrBlock"] == "10.0.0.0/16"


def test_changes_are_remembered_and_previews_are_not(aws):
    aws.create(VPC, {}, preview=True)
    assert not aws.standin.calls

    made = aws.create(VPC, {})
    aws.update(VPC, made.id, made.outputs, {})

    assert list(aws.standin.calls) == [Call("create", aws.urn(VPC)), Call("update", aws.urn(VPC))]


def test_a_function_that_is_not_answered_names_the_file_to_change(aws):
    (failure,) = aws.invoke("aws:ec2/getAmi:getAmi").failures

    assert failure.reason == (
        "the stand-in has no answer for aws:ec2/getAmi:getAmi; add one to scripts/standins/functions.py"
    )


def test_functions_answer_for_the_region_of_the_provider(aws):
    aws.configure(region="eu-west-3")

    answer = aws.invoke("aws:index/getAvailabilityZones:getAvailabilityZones")

    assert list(getattr(answer, "return")["names"]) == ["eu-west-3a", "eu-west-3b", "eu-west-3c"]


def test_a_password_is_secret_and_another_one_for_other_keepers(random):
    token = "random:index/randomPassword:RandomPassword"
    first, second = (random.create(token, {"length": 64, "keepers": {"generation": n}}).outputs for n in "12")

    assert is_secret(first["result"])
    assert plain(first["result"]).startswith(SECRET_PREFIX)
    assert plain(first["result"]) != plain(second["result"])
    assert random.diff(token, {"keepers": {"generation": "1"}}, {"keepers": {"generation": "2"}}).replaces

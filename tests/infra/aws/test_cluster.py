"""The control plane and its add-ons."""

import json


def cluster(declared):
    return declared.only("aws:eks/cluster:Cluster").inputs


def test_the_api_answers_inside_only(prod):
    network = cluster(prod)["vpcConfig"]

    assert network["endpointPrivateAccess"] is True
    assert network["endpointPublicAccess"] is False


def test_access_is_what_the_stack_file_says(prod):
    assert cluster(prod)["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    }
    entries = prod.of_type("aws:eks/accessEntry:AccessEntry")
    assert {each.name: each.inputs["principalArn"] for each in entries} == {
        "aws-cluster-admin-deploy": "arn:aws:iam::111122223333:role/rialto-deploy",
        "aws-cluster-admin-platform": "arn:aws:iam::111122223333:role/platform-admin",
    }


def test_secrets_are_encrypted_with_a_key_of_their_own(prod):
    assert cluster(prod)["encryptionConfig"] == {
        "provider": {"keyArn": "arn:aws:kms:::key/aws-keys-cluster"},
        "resources": ["secrets"],
    }


def test_every_control_plane_log_is_on(prod):
    assert set(cluster(prod)["enabledClusterLogTypes"]) == {
        "api",
        "audit",
        "authenticator",
        "controllerManager",
        "scheduler",
    }


def test_only_a_protected_stack_refuses_to_lose_its_cluster(prod, dev):
    assert cluster(prod)["deletionProtection"] is True
    assert cluster(dev)["deletionProtection"] is False
    assert prod.only("aws:eks/cluster:Cluster").protect
    assert not dev.only("aws:eks/cluster:Cluster").protect


def test_the_cluster_never_enters_paid_support(prod):
    assert cluster(prod)["upgradePolicy"] == {"supportType": "STANDARD"}


def test_every_add_on_has_the_version_of_the_stack_file(prod, values):
    found = {
        each.inputs["addonName"]: each.inputs["addonVersion"] for each in prod.of_type("aws:eks/addon:Addon")
    }

    assert found == values["aws"]["cluster"]["add-ons"]
    assert cluster(prod)["bootstrapSelfManagedAddons"] is False


def test_pods_get_prefixes_and_network_policies_hold(prod):
    cni = next(each for each in prod.of_type("aws:eks/addon:Addon") if each.inputs["addonName"] == "vpc-cni")
    configuration = json.loads(cni.inputs["configurationValues"])

    assert configuration["env"]["ENABLE_PREFIX_DELEGATION"] == "true"
    assert configuration["enableNetworkPolicy"] == "true"


def test_the_cni_has_a_role_of_its_own(prod):
    cni = next(each for each in prod.of_type("aws:eks/addon:Addon") if each.inputs["addonName"] == "vpc-cni")
    attached = prod.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    roles = {
        each.inputs["role"] for each in attached if each.inputs["policyArn"].endswith("AmazonEKS_CNI_Policy")
    }

    assert cni.inputs["podIdentityAssociations"] == [
        {"serviceAccount": "aws-node", "roleArn": "arn:aws:iam::111122223333:role/aws-node-add-ons-cni"}
    ]
    assert roles == {"aws-node-add-ons-cni"}


def test_the_kubeconfig_holds_no_credential(prod):
    user = json.loads(prod.outputs["kubeconfig"])["users"][0]["user"]

    assert set(user) == {"exec"}
    assert user["exec"]["args"][:2] == ["eks", "get-token"]
    assert user["exec"]["args"][-1] == "rialto-test"


def after(declared, type_, name):
    """The names of what a resource waits for."""
    found = next(each for each in declared.of_type(type_) if each.name == name)
    return {urn.rpartition("::")[2] for urn in found.depends_on}


def test_no_node_starts_before_its_network(prod):
    for group in ("aws-system", "aws-gpu-base", "aws-gpu-burst"):
        assert {
            "aws-node-add-ons-vpc-cni",
            "aws-node-add-ons-kube-proxy",
            "aws-node-add-ons-eks-pod-identity-agent",
        } <= after(prod, "aws:eks/nodeGroup:NodeGroup", group)


def test_names_for_pods_come_after_the_nodes_that_answer_them(prod):
    assert "aws-system" in after(prod, "aws:eks/addon:Addon", "aws-pod-add-ons-coredns")


def test_no_pod_of_ours_starts_before_names_for_pods(prod):
    assert "aws-pod-add-ons-coredns" in after(prod, "kubernetes:apps/v1:Deployment", "aws-autoscaler")

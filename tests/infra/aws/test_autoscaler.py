"""The autoscaler's pods and what they may do in Kubernetes."""


def pod(declared):
    return declared.only("kubernetes:apps/v1:Deployment").inputs["spec"]["template"]["spec"]


def test_it_finds_the_node_groups_of_this_cluster_without_the_internet(prod):
    command = pod(prod)["containers"][0]["command"]

    assert "--aws-use-static-instance-list=true" in command
    assert (
        "--node-group-auto-discovery=asg:tag=k8s.io/cluster-autoscaler/enabled,"
        "k8s.io/cluster-autoscaler/rialto-test"
    ) in command


def test_it_never_runs_on_a_node_that_it_may_take_away(prod):
    assert pod(prod)["nodeSelector"] == {"rialto.shop/pool": "system"}
    assert "tolerations" not in pod(prod)


def test_its_pods_have_no_privileges(prod):
    security = pod(prod)["containers"][0]["securityContext"]

    assert pod(prod)["securityContext"]["runAsNonRoot"] is True
    assert pod(prod)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert security["allowPrivilegeEscalation"] is False
    assert security["readOnlyRootFilesystem"] is True
    assert security["capabilities"] == {"drop": ["ALL"]}


def test_one_of_its_two_pods_may_be_missing(prod):
    budget = prod.only("kubernetes:policy/v1:PodDisruptionBudget").inputs["spec"]

    assert prod.only("kubernetes:apps/v1:Deployment").inputs["spec"]["replicas"] == 2
    assert budget["maxUnavailable"] == 1


def test_it_may_read_no_secret_and_use_no_wildcard(prod):
    kinds = ("ClusterRole", "Role")
    roles = [prod.only(f"kubernetes:rbac.authorization.k8s.io/v1:{kind}") for kind in kinds]
    rules = [rule for role in roles for rule in role.inputs["rules"]]

    for rule in rules:
        assert "secrets" not in rule["resources"]
        assert "*" not in [*rule["resources"], *rule["verbs"], *rule["apiGroups"]]

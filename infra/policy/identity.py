"""Identities that may do more than anybody meant: wildcards in IAM, Kubernetes roles and OpenStack credentials."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.policy.estate import Estate, Resource, is_unknown
from infra.policy.finding import Finding

__all__ = ["wildcards"]

# Where a policy document lies.
DOCUMENTS = {
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:kms/key:Key": "policy",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "policy",
}
# A policy that belongs to one resource means that resource by "*".
OWN_RESOURCE = ("aws:kms/key:Key", "aws:ec2/vpcEndpoint:VpcEndpoint")
KUBERNETES_ROLES = (
    "kubernetes:rbac.authorization.k8s.io/v1:Role",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
)
# Reading lists of what there is has no narrower resource in most of AWS's services
# (https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html);
# a registry's token is asked for without naming a repository.
_LOOKS = re.compile(r"^[a-z0-9-]+:(Describe|Get|List|BatchGet)\w*$")
_ADMINISTRATOR = re.compile(r"policy/(AdministratorAccess|PowerUserAccess|IAMFullAccess)$")
# "Account root may do everything with the key" is how AWS hands a key's permissions over to IAM
# (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
_ACCOUNT_ROOT = re.compile(r"^arn:aws[a-z-]*:iam::\d{12}:root$")


def wildcards(estate: Estate) -> Iterator[Finding]:
    """Find identities that may do everything, everywhere, or that anybody may be."""
    for kind, key in DOCUMENTS.items():
        for each in estate.of(kind):
            for statement in _statements(each.inputs.get(key)):
                yield from _statement(each, key, statement)
    for each in estate.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment"):
        if _ADMINISTRATOR.search(str(each.inputs.get("policyArn"))):
            yield Finding(
                where=each.name,
                problem=f"policyArn is {each.inputs['policyArn']}",
                remedy="set policyArn to a policy that names actions and resources",
            )
    for each in estate.of(*KUBERNETES_ROLES):
        yield from _kubernetes(each)
    for each in estate.of("openstack:identity/applicationCredential:ApplicationCredential"):
        yield from _credential(each)


def _statements(document: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401 - text, a dictionary or nothing
    if isinstance(document, str):
        if is_unknown(document) or not document.lstrip().startswith("{"):
            return []
        document = json.loads(document)
    found = document.get("Statement", []) if isinstance(document, Mapping) else []
    return [found] if isinstance(found, Mapping) else list(found)


def _statement(each: Resource, key: str, statement: Mapping[str, Any]) -> Iterator[Finding]:
    if statement.get("Effect") != "Allow":
        return
    label = f"{key}, statement {statement.get('Sid', 'without Sid')}"
    actions, resources = _list(statement.get("Action")), _list(statement.get("Resource"))
    wide = [action for action in actions if action == "*" or action.endswith(":*")]
    if wide and not (each.type == "aws:kms/key:Key" and _is_own_account(statement.get("Principal"))):
        yield Finding(
            where=each.name,
            problem=f"{label}: Action is {', '.join(wide)}",
            remedy="set Action to the actions that are used",
        )
    # An endpoint's policy gives nothing: it only narrows, so that a narrow Resource is enough of a limit
    # (https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html).
    narrow = each.type == "aws:ec2/vpcEndpoint:VpcEndpoint" and "*" not in resources
    if _is_anybody(statement.get("Principal")) and not statement.get("Condition") and not narrow:
        yield Finding(
            where=each.name,
            problem=f"{label}: Principal is *, without a Condition",
            remedy="set Principal to the roles that need it, or add a Condition on aws:PrincipalAccount",
        )
    writes = [action for action in actions if not _LOOKS.match(action) and action not in wide]
    if "*" in resources and writes and not statement.get("Condition") and each.type not in OWN_RESOURCE:
        yield Finding(
            where=each.name,
            problem=f"{label}: Resource is * for {', '.join(writes)}",
            remedy="set Resource to the ARNs that are meant, or add a Condition",
        )


def _kubernetes(each: Resource) -> Iterator[Finding]:
    for index, rule in enumerate(each.inputs.get("rules") or ()):
        for key in ("apiGroups", "resources", "verbs"):
            if "*" in (rule.get(key) or ()):
                yield Finding(
                    where=each.name,
                    problem=f"rules[{index}].{key} has *",
                    remedy=f"set rules[{index}].{key} to those that are used",
                )


def _credential(each: Resource) -> Iterator[Finding]:
    if each.inputs.get("unrestricted") is True:
        yield Finding(
            where=each.name,
            problem="unrestricted is true",
            remedy="set unrestricted to false, or leave it out",
        )
    if not each.inputs.get("accessRules"):
        yield Finding(
            where=each.name,
            problem="accessRules is empty: whatever its roles may, it may",
            remedy="set accessRules to the methods and paths that are used",
        )


def _is_anybody(principal: Any) -> bool:  # noqa: ANN401 - "*" or a group of lists
    return principal == "*" or (
        isinstance(principal, Mapping) and any("*" in _list(value) for value in principal.values())
    )


def _is_own_account(principal: Any) -> bool:  # noqa: ANN401 - "*" or a group of lists
    if not isinstance(principal, Mapping):
        return False
    names = [name for value in principal.values() for name in _list(value)]
    return bool(names) and all(_ACCOUNT_ROOT.match(name) for name in names)


def _list(value: Any) -> list[str]:  # noqa: ANN401 - one, several or none
    return [] if value is None else [value] if isinstance(value, str) else [str(each) for each in value]

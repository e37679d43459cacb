"""Who on the private side may do what: application credentials for jobs, and the S3 keys that read containers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

import pulumi
from pulumi_openstack import identity

from infra.settings.openstack import CredentialSettings

__all__ = [
    "AccessRule",
    "Credentials",
    "CredentialsArgs",
    "StoreReader",
    "StoreReaderArgs",
    "fetch_secret",
    "read_container",
    "write_container",
]


@dataclass(frozen=True, kw_only=True)
class AccessRule:
    """One kind of request that a credential may make.

    https://docs.openstack.org/keystone/latest/user/application_credentials.html#access-rules
    """

    service: str
    method: str
    path: pulumi.Input[str]


def fetch_secret(secret_ref: pulumi.Output[str]) -> list[AccessRule]:
    """Allow to fetch the content of one secret."""
    path = secret_ref.apply(lambda ref: f"{urlsplit(ref).path}/payload")
    return [AccessRule(service="key-manager", method="GET", path=path)]


def read_container(project_id: str, container: pulumi.Input[str]) -> list[AccessRule]:
    """Allow to list one container and fetch what is in it."""
    whole = _container_path(project_id, container)
    return [
        AccessRule(service="object-store", method="GET", path=whole),
        AccessRule(service="object-store", method="GET", path=pulumi.Output.concat(whole, "/**")),
        AccessRule(service="object-store", method="HEAD", path=pulumi.Output.concat(whole, "/**")),
    ]


def write_container(project_id: str, container: pulumi.Input[str]) -> list[AccessRule]:
    """Allow to put things into one container, not to fetch or delete them."""
    inside = pulumi.Output.concat(_container_path(project_id, container), "/**")
    return [AccessRule(service="object-store", method="PUT", path=inside)]


def _container_path(project_id: str, container: pulumi.Input[str]) -> pulumi.Output[str]:
    return pulumi.Output.concat(f"/v1/AUTH_{project_id}/", container)


@dataclass(frozen=True, kw_only=True)
class CredentialsArgs:
    """When all of them end, and what each may do, by the name of the job."""

    credentials: CredentialSettings
    rules: Mapping[str, Sequence[AccessRule]]


class Credentials(pulumi.ComponentResource):
    """Application credentials that end on a day, make no others, and may send only the requests listed.

    `by_job` is what a job's clouds.yaml needs, id and secret.
    """

    by_job: Mapping[str, Mapping[str, pulumi.Output[str]]]

    def __init__(self, name: str, args: CredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:openstack:Credentials", name, None, opts)
        made = {
            key: identity.ApplicationCredential(
                f"{name}-{key}",
                description=f"Rialto: {key}",
                roles=list(args.credentials.roles),
                unrestricted=False,
                expires_at=f"{args.credentials.expires}T00:00:00Z",
                access_rules=[
                    {"service": rule.service, "method": rule.method, "path": rule.path} for rule in rules
                ],
                opts=pulumi.ResourceOptions(
                    parent=self,
                    # The provider leaves it in plain text in the state.
                    additional_secret_outputs=["secret"],
                ),
            )
            for key, rules in args.rules.items()
        }
        self.by_job = {
            key: {"id": each.id, "secret": pulumi.Output.secret(each.secret)} for key, each in made.items()
        }
        self.register_outputs({"by_job": self.by_job})


@dataclass(frozen=True, kw_only=True)
class StoreReaderArgs:
    """The day on which the key is replaced; what it may read, the containers say."""

    expires: date


class StoreReader(pulumi.ComponentResource):
    """The S3 key of a technical user that containers are readable for; its provider logs in as that user.

    An S3 key has all rights of its user, whatever credential made it: so the user has none but that one.
    """

    access_key: pulumi.Output[str]
    secret_key: pulumi.Output[str]

    def __init__(self, name: str, args: StoreReaderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        # What it was called while releases were all that it read.
        before = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="rialto:openstack:ReleaseReader")])
        super().__init__(
            "rialto:openstack:StoreReader", name, None, pulumi.ResourceOptions.merge(opts, before)
        )
        # Keystone lets such a key end never. Named after the day, it is replaced with the credentials that do end.
        key = identity.Ec2CredentialV3(
            f"{name}-{args.expires}",
            opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["access", "secret"]),
        )
        self.access_key = pulumi.Output.secret(key.access)
        self.secret_key = pulumi.Output.secret(key.secret)
        self.register_outputs({"access_key": self.access_key, "secret_key": self.secret_key})

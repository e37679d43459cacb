"""The private side's secret store: Barbican."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_openstack import keymanager

__all__ = ["SecretStore", "SecretStoreArgs"]


@dataclass(frozen=True, kw_only=True)
class SecretStoreArgs:
    """What is kept there."""

    pseudonym_key: pulumi.Output[str]
    protect: bool


class SecretStore(pulumi.ComponentResource):
    """The pseudonym key, readable by the user who runs `pulumi up` and by the credentials made for one job."""

    pseudonym_key_ref: pulumi.Output[str]

    def __init__(self, name: str, args: SecretStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:openstack:SecretStore", name, None, opts)
        secret = keymanager.SecretV1(
            f"{name}-pseudonym-key",
            secret_type="passphrase",
            payload=args.pseudonym_key,
            payload_content_type="text/plain",
            # Without an ACL, everybody in the project could read it.
            acl={"read": {"project_access": False}},
            opts=pulumi.ResourceOptions(
                parent=self,
                # Without the key no pseudonym can be made again, and no erasure finds a person's history.
                protect=args.protect,
                retain_on_delete=args.protect,
                additional_secret_outputs=["payload"],
            ),
        )
        self.pseudonym_key_ref = secret.secret_ref
        self.register_outputs({"pseudonym_key_ref": self.pseudonym_key_ref})

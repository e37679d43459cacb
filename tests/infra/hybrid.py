"""A hybrid stack under the recording mock: what providers would compute, and the secrets a person would have set."""

import pulumi

from tests.infra.aws import estate as aws
from tests.infra.openstack import estate as openstack

COMPUTED = {
    **aws.COMPUTED,
    **openstack.COMPUTED,
    "random:index/randomPassword:RandomPassword": lambda name: {"result": f"key-of-{name}"},
}
SECRETS = {
    "rialto:pseudonym-key": openstack.PSEUDONYM_KEY,
    "rialto:pager-key": "made-up-pager-key",
    "rialto:slack-url": "https://hooks.example.com/made-up-path",
    "rialto:mail-password": "made-up-mail-password",
}


def configure() -> None:
    """Set the stack's secrets, as `pulumi config set --secret` does."""
    pulumi.runtime.set_all_config(SECRETS, list(SECRETS))

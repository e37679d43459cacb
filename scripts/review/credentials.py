"""Whether this shell can ask the clouds."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["VARIABLES", "missing"]

# The first one is what we advise. https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html,
# https://docs.openstack.org/openstacksdk/latest/user/config/configuration.html
VARIABLES = {
    "AWS": (
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    ),
    "OpenStack": ("OS_CLOUD", "OS_AUTH_URL"),
}


def missing(environment: Mapping[str, str]) -> list[str]:
    """The clouds that no variable leads to; a preview needs both."""
    return [cloud for cloud, names in VARIABLES.items() if not any(environment.get(name) for name in names)]

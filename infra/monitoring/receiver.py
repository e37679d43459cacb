"""Who is called from the private cluster: the pager, Slack and a mailbox, with every secret in a file of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from infra.monitoring.outlet import Outlet
from infra.monitoring.routing import FIRST, LINES, NAME, configuration
from infra.settings.alerting import ReceiverSettings

__all__ = ["SECRET", "ReceiverSecrets", "people", "receiver_configuration"]

# The Secret, and where the operator mounts it (https://prometheus-operator.dev/docs/api-reference/api/: `secrets`).
SECRET = "alert-receivers"
FOLDER = f"/etc/alertmanager/secrets/{SECRET}"
HTTPS = 443
# The pager and Slack have no fixed addresses: all but what is private (https://www.rfc-editor.org/rfc/rfc1918) or only
# reached from its own link, such as a cloud's metadata (https://www.rfc-editor.org/rfc/rfc3927).
PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"]


@dataclass(frozen=True, kw_only=True)
class ReceiverSecrets:
    """The three keys, which Alertmanager reads from files each time that it sends something."""

    pager_key: pulumi.Output[str]
    slack_url: pulumi.Output[str]
    mail_password: pulumi.Output[str]

    def files(self) -> dict[str, pulumi.Output[str]]:
        """What lies in the folder, by file name."""
        return {
            "pager-key": self.pager_key,
            "slack-url": self.slack_url,
            "mail-password": self.mail_password,
        }


def people(receivers: ReceiverSettings, secrets: ReceiverSecrets) -> Outlet:
    """The pager, Slack and the mailbox: by HTTPS outside, and by mail to one server."""
    mail = receivers.mail
    return Outlet(
        configuration=receiver_configuration(receivers),
        egress=[
            {
                "to": [{"ip_block": {"cidr": "0.0.0.0/0", "except_": PRIVATE}}],
                "ports": [{"protocol": "TCP", "port": HTTPS}],
            },
            {
                "to": [{"ip_block": {"cidr": str(each)}} for each in mail.ranges],
                "ports": [{"protocol": "TCP", "port": mail.port}],
            },
        ],
        keys=secrets.files(),
    )


def receiver_configuration(receivers: ReceiverSettings, folder: str = FOLDER) -> dict[str, Any]:
    """Alertmanager's file; `folder` is where it finds its keys."""
    mail = receivers.mail
    return configuration(
        {
            "page": {
                "pagerduty_configs": [_pager(folder)],
                "slack_configs": [_slack(receivers.slack.page)],
            },
            "ticket": {
                "slack_configs": [_slack(receivers.slack.ticket)],
                "email_configs": [{"to": mail.to, "headers": {"Subject": NAME}, "text": LINES}],
            },
        },
        {
            "slack_api_url_file": f"{folder}/slack-url",
            "smtp_smarthost": f"{mail.host}:{mail.port}",
            "smtp_from": mail.sender,
            "smtp_auth_username": mail.user,
            "smtp_auth_password_file": f"{folder}/mail-password",
            "smtp_require_tls": True,
        },
    )


def _pager(folder: str) -> dict[str, Any]:
    return {
        "routing_key_file": f"{folder}/pager-key",
        "severity": "critical",
        "description": f"{NAME}: {FIRST}.summary }}}}",
        "details": {"runbook": f"{FIRST}.runbook }}}}"},
    }


def _slack(channel: str) -> dict[str, Any]:
    return {
        "channel": channel,
        "send_resolved": True,
        "title": f"[{{{{ .Status }}}}] {NAME}",
        "text": LINES,
    }

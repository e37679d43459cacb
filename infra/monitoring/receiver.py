"""Who is called from the private cluster: the pager, Slack and a mailbox, with every secret in a file of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from infra.monitoring.routing import configuration
from infra.settings.alerting import ReceiverSettings

__all__ = ["SECRET", "ReceiverSecrets", "receiver_configuration"]

# The Secret, and where the operator mounts it (https://prometheus-operator.dev/docs/api-reference/api/: `secrets`).
SECRET = "alert-receivers"
FOLDER = f"/etc/alertmanager/secrets/{SECRET}"
_FIRST = "{{ (index .Alerts 0).Annotations"
_NAME = "{{ .CommonLabels.alertname }} ({{ .CommonLabels.cluster }})"
_LINES = "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ end }}" + f"Runbook: {_FIRST}.runbook }}}}"


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
                "email_configs": [{"to": mail.to, "headers": {"Subject": _NAME}, "text": _LINES}],
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
        "description": f"{_NAME}: {_FIRST}.summary }}}}",
        "details": {"runbook": f"{_FIRST}.runbook }}}}"},
    }


def _slack(channel: str) -> dict[str, Any]:
    return {
        "channel": channel,
        "send_resolved": True,
        "title": f"[{{{{ .Status }}}}] {_NAME}",
        "text": _LINES,
    }

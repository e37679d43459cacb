"""What a stack chooses of who is called: channels of Slack and mailboxes; the pager has its key alone."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.settings.group import Group, Network

__all__ = ["MailSettings", "ReceiverSettings", "SlackSettings", "TopicSettings"]

# Capitals and dots are no part of a channel's name (https://api.slack.com/methods/conversations.create).
Channel = Annotated[str, Field(pattern=r"^#[a-z0-9_-]{1,80}$")]
Mailbox = Annotated[str, Field(pattern=r"^[^@\s,<>]+@[a-z0-9-]+(\.[a-z0-9-]+)+$")]


class SlackSettings(Group):
    """The channels, of the workspace that the secret `slack-url` belongs to."""

    page: Channel
    """Where pages are told too, so that others see what somebody was called for."""
    ticket: Channel
    """Where tickets are told."""


class MailSettings(Group):
    """How tickets travel as mail; the password is the secret `mail-password`."""

    to: Mailbox
    """Who gets them."""
    sender: Mailbox
    """Whom they come from."""
    host: Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]
    """The mail server, which must speak STARTTLS."""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    """Its port for submissions."""
    user: Annotated[str, Field(min_length=1)]
    """The account to log in with."""
    ranges: Annotated[tuple[Network, ...], Field(min_length=1, strict=False)]
    """The server's addresses, to which Alertmanager may connect."""


class ReceiverSettings(Group):
    """Who is called, beside the pager that the secret `pager-key` belongs to."""

    slack: SlackSettings
    mail: MailSettings


class TopicSettings(Group):
    """Who is called from AWS, whose network reaches neither Slack nor a mail server: SNS mails them.

    Each mailbox gets one mail first, with a link that says yes.
    """

    page: Mailbox
    """The pager's own mailbox, which makes an incident of a mail."""
    ticket: Mailbox
    """Who gets tickets."""

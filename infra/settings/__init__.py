"""Every choice that a stack can make, validated once: unknown keys, types, ranges and what must agree."""

from infra.settings.hybrid import HybridSettings
from infra.settings.local import LocalSettings
from infra.settings.secret import Secrets
from infra.settings.stack import load_settings, parse_settings

__all__ = ["HybridSettings", "LocalSettings", "Secrets", "load_settings", "parse_settings"]

"""The whole program: which components a stack has. Those of a hybrid stack meet in infra/hybrid.py."""

from __future__ import annotations

import pulumi

from infra.debug_log import keep_secrets_out_of_the_log
from infra.settings import HybridSettings, LocalSettings, Secrets

__all__ = ["deploy"]


def deploy(settings: LocalSettings | HybridSettings) -> dict[str, pulumi.Input[object]]:
    """Declare this stack's resources; return its outputs, kebab-case."""
    if isinstance(settings, LocalSettings):
        return _local(settings)
    keep_secrets_out_of_the_log()
    # The SDKs of both clouds take seconds to import, which the local stack need not wait for.
    from infra.hybrid import deploy_hybrid

    return deploy_hybrid(settings, Secrets.load())


def _local(settings: LocalSettings) -> dict[str, pulumi.Input[object]]:
    from infra.local.inference import LocalInference, LocalInferenceArgs

    folder = f".rialto/{pulumi.get_stack()}"
    inference = LocalInference("local", LocalInferenceArgs(settings=settings, folder=folder))
    return {
        "endpoints": inference.endpoints,
        "release": inference.release,
        "recipe": settings.release.recipe,
        "quality": inference.quality,
        "health": inference.health,
    }

"""The whole program: the only place where components meet."""

from __future__ import annotations

import pulumi

from infra.local.inference import LocalInference, LocalInferenceArgs
from infra.settings import Settings

__all__ = ["deploy"]


def deploy(settings: Settings) -> dict[str, pulumi.Input[object]]:
    """Declare this stack's resources; return its outputs, kebab-case."""
    folder = f".rialto/{pulumi.get_stack()}"
    args = LocalInferenceArgs(release=settings.release, triton=settings.triton, folder=folder)
    inference = LocalInference("local", args)
    return {
        "endpoints": inference.endpoints,
        "release": inference.release,
        "recipe": settings.release.recipe,
        "quality": inference.quality,
        "health": inference.health,
    }

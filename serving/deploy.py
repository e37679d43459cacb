"""Brings a release into service on a running server."""

from __future__ import annotations

from pathlib import Path

from model.artifact import Artifact
from model.signature import served_models
from serving.failure import ServerError
from serving.model_config import TargetConfig
from serving.repository import add_version, restore, served_configs
from serving.runtime.control import ServerControl

__all__ = ["deploy"]


def deploy(control: ServerControl, repository: Path, release: Artifact, target: TargetConfig) -> int:
    """Load `release` while the present one answers, and return its version number.

    ServerError if a model does not load: repository and server are then back at the former release.
    """
    before = served_configs(repository)
    version = add_version(repository, release, target)
    tried = []
    try:
        models = served_models(release.manifest.files)
        for model in models:
            tried.append(model)
            control.load(model)
    except ServerError:
        restore(repository, before)
        for model in before.keys() & set(tried):
            control.load(model)
        raise
    for model in before.keys() - models:
        # A release without a text encoder took the place of one that had it.
        control.unload(model)
    return version

"""Brings a release into service on a running server."""

from __future__ import annotations

from pathlib import Path

from model.artifact import Artifact
from model.signature import MODELS
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
        for model in MODELS:
            tried.append(model)
            control.load(model)
    except ServerError:
        restore(repository, before)
        for model in before.keys() & set(tried):
            control.load(model)
        raise
    return version

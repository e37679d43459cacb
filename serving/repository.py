"""Triton's model repository: numbered versions that are added whole, served by name, and never changed.

<model>/config.pbtxt               names the one version that is served; replaced at once
<model>/warmup/k                   tensors of the warm-up requests
<model>/<n>/model.onnx             the release's graph, linked where the file system allows
<model>/<n>/model.py               embedded target only
<model>/<n>/manifest.json          the release that this version holds
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from model.artifact import MANIFEST, Artifact, new_folder
from model.signature import MODELS, served_models
from serving.model_config import ModelConfig, TargetConfig

__all__ = ["add_version", "restore", "served_configs"]

CONFIG = "config.pbtxt"
GRAPH = "model.onnx"
EMBEDDED_MODEL = Path(__file__).parent / "runtime" / "model.py"


def add_version(repository: Path, release: Artifact, target: TargetConfig) -> int:
    """Make `release` the version that the repository serves, and return its number.

    A release that is already there keeps its number. Otherwise every model gets the next one; an OSError (a
    full disk, say) leaves no trace of it. A running server notices nothing until it is told to load.
    """
    with _alone(repository), ExitStack() as undo:
        version = _version_of(repository, release, target) or _next_version(repository)
        models = served_models(release.manifest.files)
        for model in models:
            folder = repository / model / str(version)
            if not folder.exists():
                _write_version(folder, model, release, target)
                undo.callback(shutil.rmtree, folder)
        _write_configs(repository, {model: _config(model, version, release, target) for model in models})
        for model in MODELS.keys() - models:
            (repository / model / CONFIG).unlink(missing_ok=True)
        undo.pop_all()
        return version


def served_configs(repository: Path) -> dict[str, str]:
    """What `restore` takes: the text of every config.pbtxt that is there."""
    files = {model: repository / model / CONFIG for model in MODELS}
    return {model: file.read_text() for model, file in files.items() if file.exists()}


def restore(repository: Path, configs: Mapping[str, str]) -> None:
    """Serve again what `configs` names; the version that took its place stays on disk, unused."""
    with _alone(repository):
        for model in MODELS.keys() - configs.keys():
            (repository / model / CONFIG).unlink(missing_ok=True)
        _replace_all({repository / model / CONFIG: text.encode() for model, text in configs.items()})


@contextmanager
def _alone(repository: Path) -> Iterator[None]:
    """Hold the repository's lock, so that two writers cannot take the same number."""
    repository.mkdir(parents=True, exist_ok=True)
    with (repository / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # What a killed writer left; nobody else is writing now.
        for scratch in repository.glob("*/.[0-9]*"):
            shutil.rmtree(scratch)
        yield


def _versions(repository: Path, model: str) -> list[int]:
    """The numbers of a model's versions, newest first."""
    found = [int(path.name) for path in (repository / model).glob("[0-9]*") if path.name.isdecimal()]
    return sorted(found, reverse=True)


def _next_version(repository: Path) -> int:
    return 1 + max((number for model in MODELS for number in _versions(repository, model)), default=0)


def _version_of(repository: Path, release: Artifact, target: TargetConfig) -> int | None:
    """The newest number under which a model holds exactly this release and this code."""
    wanted = _contents(release, target)
    for model in MODELS:
        for number in _versions(repository, model):
            if _contents_of(repository / model / str(number)) == wanted:
                return number
    return None


def _contents(release: Artifact, target: TargetConfig) -> tuple[str, str | None]:
    return release.manifest.as_json(), EMBEDDED_MODEL.read_text() if target.entry != GRAPH else None


def _contents_of(folder: Path) -> tuple[str, str | None]:
    code = folder / EMBEDDED_MODEL.name
    return (folder / MANIFEST).read_text(), code.read_text() if code.exists() else None


def _write_version(folder: Path, model: str, release: Artifact, target: TargetConfig) -> None:
    with new_folder(folder) as scratch:
        _link(release.file(f"{model}.onnx"), scratch / GRAPH)
        (scratch / MANIFEST).write_text(release.manifest.as_json())
        if target.entry != GRAPH:
            shutil.copyfile(EMBEDDED_MODEL, scratch / target.entry)


def _link(source: Path, target: Path) -> None:
    """Share the file's blocks; a release and a version are both never written again."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _config(model: str, version: int, release: Artifact, target: TargetConfig) -> ModelConfig:
    return ModelConfig(
        signature=MODELS[model],
        target=target,
        version=version,
        release=release.digest,
        catalogue=release.manifest.catalogue,
        max_history=release.manifest.max_history,
    )


def _write_configs(repository: Path, configs: Mapping[str, ModelConfig]) -> None:
    files = {}
    for model, config in configs.items():
        for tensor, data in config.warmup_files().items():
            files[repository / model / "warmup" / tensor] = data
        files[repository / model / CONFIG] = config.as_text().encode()
    _replace_all(files)


def _replace_all(files: Mapping[Path, bytes]) -> None:
    """Replace files only after all of them could be written; an equal file is left as it is."""
    changed = {path: data for path, data in files.items() if not path.exists() or path.read_bytes() != data}
    aside = {path: path.with_name(f".{path.name}.new") for path in changed}
    try:
        for path, data in changed.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            aside[path].write_bytes(data)
        for path in changed:
            aside[path].replace(path)
    finally:
        for path in aside.values():
            path.unlink(missing_ok=True)

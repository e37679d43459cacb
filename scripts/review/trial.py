"""A stack to try the real program in: the committed settings, with a state and secrets that are thrown away."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

import yaml  # type: ignore[import-untyped]

from infra.settings import Secrets
from scripts.standins.cinder import clouds
from scripts.standins.server import StandIns

__all__ = ["PROJECT", "PULUMI", "Trial", "placeholders"]

PROJECT = Path(__file__).parents[2]
PULUMI = PROJECT / ".rialto" / "bin" / "pulumi"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The stack `name` of this clone, as stand-ins would create it; everything it writes is in `folder`."""

    name: str
    folder: Path
    standins: StandIns
    project: Path
    """The clone whose program is run."""

    @classmethod
    def create(cls, name: str, folder: Path, standins: StandIns, project: Path | None = None) -> Self:
        """Make the stack, with placeholders for its secrets; nothing is written outside `folder`."""
        trial = cls(name=name, folder=folder, standins=standins, project=project or PROJECT)
        (folder / "state").mkdir(parents=True)
        # `stack init` writes a salt to the stack file of the project it is called in: not to ours.
        (folder / "Pulumi.yaml").write_text("name: rialto\nruntime: python\n")
        command: list[str | Path] = [PULUMI, "stack", "init", name, "--no-select", "--non-interactive"]
        done = subprocess.run(command, cwd=folder, env=trial.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"the engine made no stack: {done.stderr.strip()}")
        salt = yaml.safe_load((folder / f"Pulumi.{name}.yaml").read_text())
        trial._settle(salt["encryptionsalt"])
        return trial

    def moved_to(self, project: Path) -> Self:
        """The same stack and state, with another clone's program and settings."""
        moved = replace(self, project=project)
        moved._settle()
        return moved

    def _settle(self, salt: str = "") -> None:
        """Take the committed settings of the clone, with placeholders for its secrets."""
        file = self.project / "stacks" / f"Pulumi.{self.name}.yaml"
        config = yaml.safe_load(file.read_text())["config"]
        clouds(self._clouds, self.standins.cinder.endpoint, _operator(config))
        self.write({**_without_secrets(config), **placeholders()}, salt)

    @property
    def stack_file(self) -> Path:
        """The copy of the stack file."""
        return self.folder / f"Pulumi.{self.name}.yaml"

    @property
    def _clouds(self) -> Path:
        """The clouds.yaml of the one resource that is no provider's: the encryption of the volume type."""
        return self.folder / "clouds.yaml"

    @property
    def environment(self) -> dict[str, str]:
        """What the engine and the program see: no account, no state and no plugin of this machine."""
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "AWS_", "OS_"))
        }
        ours = {
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            # Offers --event-log.
            "PULUMI_DEBUG_COMMANDS": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            # Before what is installed in the environment: another clone's program is that clone's.
            "PYTHONPATH": str(self.project),
            "OS_CLIENT_CONFIG_FILE": str(self._clouds),
        }
        return {**kept, **ours, **self.standins.environment}

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command of the engine on the stack, in the clone, as nobody's terminal."""
        # What works on the state alone knows no configuration.
        config = [] if arguments[0] == "stack" else ["--config-file", str(self.stack_file)]
        options = ["--stack", self.name, *config, "--non-interactive", "--color", "never"]
        command: list[str | Path] = [PULUMI, *arguments, *options]
        return subprocess.run(command, cwd=self.project, env=self.environment, capture_output=True, text=True)

    def preview(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Preview as JSON, with what stays; the plug-ins of the clouds are neither looked for nor fetched."""
        return self.pulumi("preview", "--json", "--show-sames", "--skip-plugin-pre-install", *options)

    def config(self) -> dict[str, Any]:
        """The stack's configuration: settings and secrets."""
        config: dict[str, Any] = yaml.safe_load(self.stack_file.read_text())["config"]
        return config

    def write(self, config: Mapping[str, Any], salt: str = "") -> None:
        """Replace the configuration."""
        salt = salt or yaml.safe_load(self.stack_file.read_text())["encryptionsalt"]
        self.stack_file.write_text(yaml.safe_dump({"config": dict(config), "encryptionsalt": salt}))


def _operator(config: Mapping[str, Any]) -> str:
    """The operator's entry of clouds.yaml; whatever is wrong with the settings, the program says it."""
    try:
        return str(config["rialto:settings"]["openstack"]["operator"]["cloud"])
    except (KeyError, TypeError):
        return "operator"


def placeholders() -> dict[str, str]:
    """A value for every secret that the program needs; who sees one knows that it is none."""
    keys = [field.name.replace("_", "-") for field in fields(Secrets)]
    return {f"rialto:{key}": f"placeholder-for-{key}" for key in keys}


def _without_secrets(config: Mapping[str, Any]) -> dict[str, Any]:
    """What can be read without the stack's passphrase."""
    return {
        key: value for key, value in config.items() if not (isinstance(value, dict) and "secure" in value)
    }

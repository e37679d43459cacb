"""A trial stack in the hands of a test: changed settings, commands of the engine, and what is in its state."""

import json
from dataclasses import dataclass
from pathlib import Path

from scripts.review.trial import Trial
from scripts.standins.provider import Call
from scripts.standins.server import StandIns

# Who sees this text outside an engine's ciphertext has found a leak.
CONFIG_SECRET = "config-secret-of-the-test-"


@dataclass
class Estate:
    """One environment over stand-ins."""

    trial: Trial

    @classmethod
    def make(cls, name: str, folder: Path, standins: StandIns) -> "Estate":
        """A stack whose secrets can be recognised, encrypted as people's are."""
        estate = cls(Trial.create(name, folder, standins))
        secrets = [key for key in estate.trial.config() if key != "rialto:settings"]
        values = [part for key in secrets for part in ("--secret", f"{key}={CONFIG_SECRET}{key}")]
        estate.done(estate.trial.pulumi("config", "set-all", *values))
        return estate

    def choose(self, path: str, value: object) -> None:
        """Change or add a setting: `choose("aws/gpu-pools/base/max-nodes", 2)`."""
        config = self.trial.config()
        *groups, key = path.split("/")
        group = config["rialto:settings"]
        for name in groups:
            group = group[name]
        group[key] = value
        self.trial.write(config)

    def up(self, *options: str) -> str:
        return self.done(self.trial.pulumi("up", "--yes", "--skip-preview", *options))

    def destroy(self) -> str:
        return self.done(self.trial.pulumi("destroy", "--yes", "--skip-preview"))

    def steps(self) -> list[tuple[str, str, list[str]]]:
        """What a preview would change: operation, type, and changed paths; nothing that stays as it is."""
        digest = json.loads(self.done(self.trial.preview()))
        changes = [step for step in digest["steps"] if step["op"] != "same"]
        return [
            (step["op"], step["urn"].split("::")[2].rpartition("$")[2], sorted(step["detailedDiff"] or {}))
            for step in changes
        ]

    def resources(self) -> list[dict]:
        """What the state holds, in the engine's order."""
        exported = self.done(self.trial.pulumi("stack", "export"))
        return json.loads(exported)["deployment"].get("resources", [])

    def calls(self) -> list[Call]:
        return list(self.trial.standins.calls)

    def refusal(self) -> list[str]:
        """The lines with which a preview is refused."""
        refused = self.trial.preview()
        assert refused.returncode != 0, "the preview was not refused"
        messages = [each["message"] for each in json.loads(refused.stdout)["diagnostics"]]
        lines = "".join(messages).splitlines()
        assert not [line for line in lines if "Traceback" in line], "a person would see a traceback"
        return lines

    @staticmethod
    def done(process) -> str:
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout

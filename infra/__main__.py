"""What `pulumi up` runs: this stack's settings in, resources and outputs out."""

import pulumi

from infra.program import deploy
from infra.settings import Settings

for name, value in deploy(Settings.load()).items():
    pulumi.export(name, value)

"""What `pulumi up` runs: this stack's settings in, resources and outputs out."""

import pulumi

from infra.program import deploy
from infra.settings import load_settings

for name, value in deploy(load_settings()).items():
    pulumi.export(name, value)

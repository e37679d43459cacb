"""Measurements against their goals: each module is one `scripts/bench <name>`."""

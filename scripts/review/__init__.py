"""What `scripts/preview` runs: the engine's preview of an environment, with or without a cloud account."""

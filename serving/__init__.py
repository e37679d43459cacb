"""Packs a release for Triton, publishes it and calls it."""

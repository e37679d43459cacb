"""The environment that is one machine: a release built here and a Triton process that serves it."""

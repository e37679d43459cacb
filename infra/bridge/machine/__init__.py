"""Programs that run on the gateway machines, written there as they are: only Debian's own Python packages."""

"""AWS: a private network, GPU nodes, the store of releases, and the AWS end of the bridge."""

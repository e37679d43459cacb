"""OpenStack: the private network and cluster, the machines of the bridge, raw and cold data, and its secrets."""

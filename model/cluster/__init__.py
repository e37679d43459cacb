"""Training and ranking on the machines of a Ray cluster, with the functions that one machine runs.

Ray is an extra of its own: nothing outside this folder loads it.
"""

"""Stand-in providers: the real engine runs the real program over them, without a cloud account.

They prove ordering, secrets, diffs, names and outputs. They do not prove that a cloud accepts the values: what they
are asked to create comes to be. All that they know of "existing" resources is the Pulumi state, and what they make up
(ids, addresses, keys) follows from the URN alone, so that a run gives the same values wherever it runs.
"""

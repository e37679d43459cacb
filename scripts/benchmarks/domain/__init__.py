"""The shop benchmark's course: the whole way from a shop's request to its answer, its rounds, and what they come to."""

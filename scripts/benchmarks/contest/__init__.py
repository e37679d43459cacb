"""The serving benchmark's course: its plan, the servers it starts, its rounds, and what they come to."""

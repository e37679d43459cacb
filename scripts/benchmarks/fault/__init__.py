"""A shop whose callers go on while one of its Tritons is killed, and for as long as its memory should stay."""

"""A simulated day of Triton's pods on both clouds, scaled as the stack declares it."""

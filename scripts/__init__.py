"""What people type: the commands, the set-up that each of them calls first, and the benchmarks."""

"""What runs inside the virtual machine: only Python's standard library is there."""

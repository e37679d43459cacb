"""The bridge's laboratory: a virtual machine with a real kernel in which both ends run and are broken on purpose."""

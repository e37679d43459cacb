"""What is done about an update that was killed: the state saved before it, and a stack that can be updated again."""

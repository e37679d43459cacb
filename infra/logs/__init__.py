"""What pods wrote: collected on each cluster, and kept there for as long as the stack says."""

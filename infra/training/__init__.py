"""The job that runs model/ on the GPU nodes."""

"""Our container images: built by podman, and what is in them."""

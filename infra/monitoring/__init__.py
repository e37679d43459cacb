"""What is promised to callers, and Prometheus, which sees whether it is kept."""

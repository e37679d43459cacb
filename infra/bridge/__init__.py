"""The bridge between the private cloud and AWS: described once, and both ends rendered from that."""

"""Whole sessions of a shop, and whether one will end with a purchase."""

"""Brings what the project needs onto a machine that has Python and git; imports the standard library only."""

"""Callers of a server, in a process of their own: closed loop and Poisson arrivals."""

"""How a category path is written: its parts from the widest on, "GROCERY > SOFT DRINKS > COLA"; "" is unknown."""

__all__ = ["PATH_SEPARATOR"]

PATH_SEPARATOR = " > "

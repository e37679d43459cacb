"""Catalogues of every size, and what finding the best items of each takes."""

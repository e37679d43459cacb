"""Generated shops of every size, and what preparing them takes."""

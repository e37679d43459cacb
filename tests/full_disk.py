"""A full disk, as far as what is written: from a size on, files take nothing (setrlimit(2), RLIMIT_FSIZE)."""

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """No file of this process grows beyond `size` bytes while this lasts.

    Nothing is compiled to disk meanwhile: Python 3.11 takes half a written bytecode file for a whole one, and every
    later process fails to import it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        sys.dont_write_bytecode = before

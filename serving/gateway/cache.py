"""Answers that are still true: of one user, one release and one state of the history."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["ResultCache"]

Answer = TypeVar("Answer")

MAX_ANSWERS = 10_000
# Ages of events are part of the question: in a minute they have changed by less than the model can tell.
FRESH_SECONDS = 60.0


class ResultCache(Generic[Answer]):
    """The newest answers by key; a key holds everything that an answer depends on, but for the passing of time."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, tuple[float, Answer]] = OrderedDict()

    def get(self, key: Hashable) -> Answer | None:
        """The answer, if there is one that is not too old."""
        found = self._answers.get(key)
        if found is None or time.monotonic() - found[0] > FRESH_SECONDS:
            return None
        self._answers.move_to_end(key)
        return found[1]

    def put(self, key: Hashable, answer: Answer) -> None:
        """Keep an answer; the one that nobody asked for longest makes room."""
        self._answers[key] = (time.monotonic(), answer)
        self._answers.move_to_end(key)
        if len(self._answers) > MAX_ANSWERS:
            self._answers.popitem(last=False)

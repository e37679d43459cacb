"""The networks that a release can become before its graphs are written."""

from __future__ import annotations

from collections.abc import Callable

from model.architecture import Recommender
from model.compress.prune import check_two_of_four, magnitude, settle, structured, two_of_four
from model.compress.retrain import Retraining

__all__ = ["ALONE", "STUDENT", "TRAINED", "Network", "networks"]

# The network as it was trained.
TRAINED = "trained"
# A smaller one, with and without a teacher.
STUDENT, ALONE = "student", "student-alone"

Network = Callable[[Recommender], Recommender]

_HALF = 0.5


def networks(retraining: Retraining) -> dict[str, Network]:
    """What a trained network can become, by name; all but `TRAINED` train again."""
    recover = retraining.recover
    return {
        TRAINED: lambda model: model,
        "sparse": lambda model: settle(recover("sparse", magnitude(model, _HALF))),
        "2-4": lambda model: check_two_of_four(settle(recover("2-4", two_of_four(model)))),
        "half": lambda model: recover("half", structured(model, _HALF)),
        STUDENT: retraining.distil,
        ALONE: retraining.alone,
    }

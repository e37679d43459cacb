"""What a token may be good for. One scope for each route of the domain API, one for each model behind it."""

from __future__ import annotations

from model.signature import MODELS

__all__ = ["MODEL_SCOPES", "ROUTE_SCOPES", "SCOPES", "model_scope"]

ROUTE_SCOPES = ("recommend", "predict", "search", "events")


def model_scope(model: str) -> str:
    """The scope that lets a caller ask a model for tensors."""
    return f"model:{model}"


MODEL_SCOPES = tuple(model_scope(model) for model in MODELS)
SCOPES = (*ROUTE_SCOPES, *MODEL_SCOPES)

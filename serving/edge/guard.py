"""Who may pass: tokens, their scopes, and how often one client may ask."""

from __future__ import annotations

from collections.abc import Sequence

from model.signature import MODELS
from serving.edge.config import EdgeConfig, LimitConfig
from serving.edge.scope import model_scope
from serving.edge.wire import Fields, typed

__all__ = [
    "CALLER_HEADERS",
    "GRPC_FIELDS",
    "JWT",
    "MODEL",
    "RATE_LIMIT",
    "RBAC",
    "SHAPES",
    "allow_any_scope",
    "allow_by_model",
    "deny_all",
    "public",
    "rate_limit",
    "tokens",
]

JWT = "envoy.filters.http.jwt_authn"
RBAC = "envoy.filters.http.rbac"
RATE_LIMIT = "envoy.filters.http.local_ratelimit"
# Fields of a gRPC request (KServe v2's ModelInferRequest), taken out of its message.
GRPC_FIELDS = "envoy.filters.http.grpc_field_extraction"
MODEL = "model_name"
SHAPES = "inputs.shape"
# A length of a million or more, of none, or below. With one of 2**62, a tensor without data is one with all its data to
# Triton 2.51, whose python process then reads beyond it and ends.
WRONG_LENGTH = "0.*|-.*|[0-9]{7,}"
CLAIMS = "claims"

# What the gateway hears about a caller; whatever a caller says of itself under these names is removed.
SUBJECT = "x-rialto-subject"
CALLER_HEADERS = {SUBJECT: "sub", "x-rialto-scope": "scope"}
NOBODY = {"key": "subject", "value": "nobody"}

# Clocks of two machines under NTP differ by less (RFC 8725 has no number; Envoy's default is 60).
CLOCK_SKEW_SECONDS = 30
# A token that leaks is of use for so long at most. A day is what a batch job needs.
MAX_LIFETIME_SECONDS = 24 * 3600
# Signatures that need no second look: as many as there are clients at a time.
REMEMBERED_TOKENS = 1000
BURST_SECONDS = 2
RETRY_AFTER_SECONDS = 1


def tokens(config: EdgeConfig) -> Fields:
    """Every request needs a good token, unless its route says otherwise."""
    provider = {
        "issuer": config.tokens.issuer,
        "audiences": [config.tokens.audience],
        "local_jwks": {"inline_string": config.tokens.jwks},
        "max_lifetime": f"{MAX_LIFETIME_SECONDS}s",
        "clock_skew_seconds": CLOCK_SKEW_SECONDS,
        # Never from a query: those stand in logs and histories.
        "from_headers": [{"name": "Authorization", "value_prefix": "Bearer "}],
        "forward": False,
        "payload_in_metadata": CLAIMS,
        "normalize_payload_in_metadata": {"space_delimited_claims": ["scope"]},
        "claim_to_headers": [
            {"header_name": header, "claim_name": claim} for header, claim in CALLER_HEADERS.items()
        ],
        "jwt_cache_config": {"jwt_cache_size": REMEMBERED_TOKENS},
    }
    return typed(
        "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        providers={"issuer": provider},
        rules=[{"match": {"prefix": "/"}, "requires": {"provider_name": "issuer"}}],
    )


def deny_all() -> Fields:
    """Nobody passes whom a route does not name."""
    return typed("envoy.extensions.filters.http.rbac.v3.RBAC", rules={"action": "ALLOW", "policies": {}})


def public() -> Fields:
    """For a route's filters: no token, no scope."""
    per_route = "envoy.extensions.filters.http"
    return {
        JWT: typed(f"{per_route}.jwt_authn.v3.PerRouteConfig", disabled=True),
        RBAC: typed(f"{per_route}.rbac.v3.RBACPerRoute"),
    }


def allow_any_scope(scopes: Sequence[str]) -> Fields:
    """For a route's filters: a token with one of the scopes."""
    policy = {"permissions": [{"any": True}], "principals": [_has(scope) for scope in scopes]}
    return _policies({"scope": policy})


def allow_by_model() -> Fields:
    """For a route's filters: a token with the scope of the model that the message names, and shapes that can be."""
    return _policies(
        {model: {"permissions": [_asks(model)], "principals": [_has(model_scope(model))]} for model in MODELS}
    )


def _policies(policies: Fields) -> Fields:
    rules = {"action": "ALLOW", "policies": policies}
    return {RBAC: typed("envoy.extensions.filters.http.rbac.v3.RBACPerRoute", rbac={"rules": rules})}


def _has(scope: str) -> Fields:
    return {"sourced_metadata": _holds(JWT, [CLAIMS, "scope"], {"exact": scope})}


def _asks(model: str) -> Fields:
    named = {"sourced_metadata": _holds(GRPC_FIELDS, [MODEL], {"exact": model})}
    wrong = {"sourced_metadata": _holds(GRPC_FIELDS, [SHAPES], {"safe_regex": {"regex": WRONG_LENGTH}})}
    return {"and_rules": {"rules": [named, {"not_rule": wrong}]}}


def _holds(namespace: str, path: Sequence[str], value: Fields) -> Fields:
    """The list at a place of a request's metadata holds a text."""
    matcher = {
        "filter": namespace,
        "path": [{"key": key} for key in path],
        "value": {"list_match": {"one_of": {"string_match": value}}},
    }
    return {"metadata_matcher": matcher}


def rate_limit(limits: LimitConfig) -> Fields:
    """A bucket for each client, which refills every second; too many requests are told when to come again."""
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return typed(
        "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix="clients",
        # For what has no bucket of its own, which is nothing.
        token_bucket=_bucket(limits.subject_per_second),
        always_consume_default_token_bucket=False,
        filter_enabled=always,
        filter_enforced=always,
        # An entry without a value is every value: one bucket each.
        descriptors=[
            {"entries": [{"key": "subject"}], "token_bucket": _bucket(limits.subject_per_second)},
            {
                "entries": [NOBODY, {"key": "remote_address"}],
                "token_bucket": _bucket(limits.address_per_second),
            },
        ],
        rate_limits=[_by_subject(), _by_address()],
        max_dynamic_descriptors=limits.clients,
        rate_limited_as_resource_exhausted=True,
        response_headers_to_add=[{"header": {"key": "retry-after", "value": str(RETRY_AFTER_SECONDS)}}],
    )


def _bucket(per_second: int) -> Fields:
    return {
        "max_tokens": BURST_SECONDS * per_second,
        "tokens_per_fill": per_second,
        "fill_interval": "1s",
    }


def _by_subject() -> Fields:
    """The client is whom the token names."""
    return {"actions": [{"request_headers": {"header_name": SUBJECT, "descriptor_key": "subject"}}]}


def _by_address() -> Fields:
    """Where no token was asked for, the client is where it calls from."""
    named = {"name": SUBJECT, "present_match": True}
    nobody = {"descriptor_key": NOBODY["key"], "descriptor_value": NOBODY["value"], "expect_match": False}
    return {"actions": [{"header_value_match": {**nobody, "headers": [named]}}, {"remote_address": {}}]}

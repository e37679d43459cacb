"""What an edge's files say, without an Envoy."""

import json

import pytest

from serving.edge.bootstrap import BOOTSTRAP, CLUSTERS, LISTENERS, files, whole
from serving.edge.config import EdgeConfig, GatewayUpstream, TokenConfig, TritonUpstream
from serving.edge.guard import JWT, RBAC
from serving.edge.scope import SCOPES

PUBLIC = {
    "/",
    "/healthz",
    "/openapi.json",
    "/static/",
    "/storefront/session",
    "/grpc.health.v1.Health/Check",
    "not-found",
}


def config(**changes):
    chosen = {
        "folder": "/etc/edge",
        "address": "127.0.0.1",
        "port": 8443,
        "inside_port": 8444,
        "metrics_address": "127.0.0.1",
        "metrics_port": 8445,
        "admin_socket": "admin.sock",
        "certificates": "/certificates/server",
        "client_certificates": "/certificates/client",
        "access_log": "/dev/stdout",
        "tokens": TokenConfig(issuer="us", audience="rialto", jwks='{"keys": []}'),
        "tritons": [TritonUpstream(host="triton.rialto.svc", http_port=8000, grpc_port=8001)],
        "gateway": GatewayUpstream(host="127.0.0.1", port=8080),
    }
    return EdgeConfig(**{**chosen, **changes})


def listener(name, found=None):
    resources = files(found or config())[LISTENERS]["resources"]
    return next(each for each in resources if each["name"] == name)


def manager(name):
    (chain,) = listener(name)["filter_chains"]
    (filter_,) = chain["filters"]
    return filter_["typed_config"]


def routes(name):
    (host,) = manager(name)["route_config"]["virtual_hosts"]
    return host["routes"]


def test_every_file_is_json_and_the_same_twice():
    once, twice = (json.dumps(files(config())) for _ in range(2))

    assert once == twice
    assert {BOOTSTRAP, CLUSTERS, LISTENERS} < set(json.loads(once))


def test_the_administration_is_a_socket_file_that_its_owner_only_opens():
    assert files(config())[BOOTSTRAP]["admin"] == {"address": {"pipe": {"path": "admin.sock", "mode": 0o600}}}


def test_what_needs_no_token_is_listed_here_and_nothing_else():
    open_to_all = {
        route["name"] for route in routes("outside") if JWT in route.get("typed_per_filter_config", {})
    }

    assert open_to_all == PUBLIC


def test_every_other_route_names_scopes_that_exist():
    for route in routes("outside"):
        if route["name"] not in PUBLIC:
            policies = route["typed_per_filter_config"][RBAC]["rbac"]["rules"]["policies"]
            text = json.dumps(policies)
            assert policies
            assert any(f'"exact": "{scope}"' in text for scope in SCOPES), route["name"]


def test_no_route_of_triton_writes_but_inference():
    for name in ("outside", "inside"):
        for route in routes(name):
            (method,) = route["match"].get("headers", [{"string_match": {"exact": "GET"}}])
            if method["string_match"]["exact"] != "GET" and "grpc" not in route["match"]:
                assert route["name"] in (
                    "/v2/models/recommend/infer",
                    "/v2/models/predict/infer",
                    "/v2/models/encode/infer",
                    "/events",
                )


def test_without_a_gateway_there_are_no_routes_to_one():
    found = json.dumps(whole(config(gateway=None)))

    assert "/recommend" not in [route["name"] for route in routes_of(found)]
    assert '"cluster": "gateway"' not in found


def routes_of(text):
    outside = json.loads(text)["static_resources"]["listeners"][0]
    return outside["filter_chains"][0]["filters"][0]["typed_config"]["route_config"]["virtual_hosts"][0][
        "routes"
    ]


def test_inside_and_status_answer_on_loopback_and_the_status_address_only():
    addresses = {
        name: listener(name)["address"]["socket_address"]["address"] for name in ("inside", "status")
    }

    assert addresses == {"inside": "127.0.0.1", "status": "127.0.0.1"}
    assert {route["match"]["path"] for route in routes("status")} == {
        "/ready",
        "/stats/prometheus",
        "/v2/models/recommend/ready",
    }


@pytest.mark.parametrize(("host", "kind"), [("127.0.0.1", "STATIC"), ("triton.rialto.svc", "STRICT_DNS")])
def test_addresses_are_taken_as_they_are_and_names_are_asked_for(host, kind):
    tritons = [TritonUpstream(host=host, http_port=8000, grpc_port=8001)]
    found = {each["name"]: each for each in files(config(tritons=tritons))[CLUSTERS]["resources"]}

    assert found["triton-grpc"]["type"] == found["triton-http"]["type"] == kind


def test_servers_of_one_priority_stand_together_in_its_order():
    tritons = [
        TritonUpstream(host=host, http_port=8000, grpc_port=8001, priority=priority)
        for host, priority in (("10.20.0.1", 1), ("10.10.0.1", 0), ("10.10.0.2", 0))
    ]
    found = {each["name"]: each for each in files(config(tritons=tritons))[CLUSTERS]["resources"]}
    groups = found["triton-grpc"]["load_assignment"]["endpoints"]

    assert [(group["priority"], len(group["lb_endpoints"])) for group in groups] == [(0, 2), (1, 1)]

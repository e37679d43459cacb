"""Requests made from the gateway's own OpenAPI, good and bad, against a real gateway and a real Triton."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

pytestmark = pytest.mark.triton

EXAMPLES = 40
CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance]
OPERATIONS = [("/recommend", "GET"), ("/predict", "GET"), ("/search", "GET"), ("/events", "POST")]


@pytest.fixture(scope="module")
def api(gateway):
    return schemathesis.openapi.from_url(f"http://127.0.0.1:{gateway.port}/openapi.json")


def test_no_operation_is_left_out(api):
    found = [result.ok() for result in api.get_all_operations()]

    assert {(each.path, each.method.upper()) for each in found} == set(OPERATIONS)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_whatever_is_asked_is_answered_as_described_and_never_by_a_5xx(api, path, method, mode):
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=api[path][method].as_strategy(generation_mode=mode))
    def asked(case):
        response = case.call()
        case.validate_response(response, checks=CHECKS)
        assert response.status_code < 500
        assert "Traceback" not in response.text

    asked()

import pytest

from scripts.review.credentials import missing


def test_without_variables_no_cloud_can_be_asked():
    assert missing({"PATH": "/bin"}) == ["AWS", "OpenStack"]


@pytest.mark.parametrize(
    ("environment", "clouds"),
    [
        ({"AWS_PROFILE": "dev"}, ["OpenStack"]),
        ({"OS_AUTH_URL": "https://keystone"}, ["AWS"]),
        ({"AWS_ACCESS_KEY_ID": "a", "OS_CLOUD": "dev"}, []),
        ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "OS_CLOUD": "dev"}, []),
    ],
)
def test_a_cloud_counts_as_reachable_by_any_of_its_variables(environment, clouds):
    assert missing(environment) == clouds


def test_an_empty_variable_leads_nowhere():
    assert missing({"AWS_PROFILE": "", "OS_CLOUD": "dev"}) == ["AWS"]

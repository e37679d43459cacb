import pytest

from infra.wire import whole


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (8000.0, 8000),
        (0.5, 0.5),
        (True, True),
        ("8000.0", "8000.0"),
        (None, None),
        ({"process": {"pid": 7.0}, "ports": [1.0, "a"]}, {"process": {"pid": 7}, "ports": [1, "a"]}),
    ],
)
def test_integers_that_crossed_the_wire_are_integers_again(sent, meant):
    assert repr(whole(sent)) == repr(meant)

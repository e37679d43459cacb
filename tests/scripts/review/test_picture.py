"""The picture in the main README against what the recording mock says that the stacks declare."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from infra.policy.estate import Resource
from infra.settings.edge import EdgeSettings
from scripts.review.architecture import Arrow, sketch
from scripts.review.picture import picture
from tests.scripts.conftest import PROJECT

FILE = PROJECT / "infra" / "architecture.svg"
OVERFLOW = Arrow(source="gateway", target="aws-edge", kind="requests")
# In the widest of the fonts that a browser may take, a box has room for no more.
MOST_LETTERS, MOST_FACTS = 28, 2


def neutral(recorded):
    return [
        Resource(type=each.type, name=each.name, urn="", parent=each.parent, inputs=each.inputs)
        for each in recorded
    ]


@pytest.fixture
def declared(declared_by):
    return lambda stack: neutral(declared_by(stack).resources)


def test_the_picture_in_the_readme_shows_what_prod_declares(declared):
    assert FILE.read_text() == picture(sketch(declared("prod")), "prod"), (
        "the picture is old; draw it anew: scripts/preview prod --picture infra/architecture.svg"
    )
    assert "(infra/architecture.svg)" in (PROJECT / "README.md").read_text()


def test_every_resource_stands_in_one_box_and_every_word_fits_into_it(declared):
    for stack in ("dev", "prod"):
        found = sketch(declared(stack))
        drawn = [each for each in declared(stack) if not each.type.startswith(("rialto:", "pulumi:"))]

        assert sum(found.counts.values()) == len(drawn)
        for key, box in found.boxes.items():
            lines = [box.role, *found.facts[key]]
            assert max(map(len, lines)) <= MOST_LETTERS, lines
            assert len(found.facts[key]) <= MOST_FACTS, lines


def test_no_two_boxes_stand_in_the_same_place(declared):
    places = [(box.side, *box.place) for box in sketch(declared("prod")).boxes.values()]

    assert len(set(places)) == len(places)


def test_a_component_that_nobody_gave_a_box_is_named(declared):
    edge = next(each for each in declared("dev") if each.component == "rialto:inference:Edge")
    strange = replace(edge, parent=edge.parent.replace("inference:Edge", "inference:Cache"))

    with pytest.raises(ValueError, match=r"inference:Cache::\S+ .* is in no box of the picture; name it in"):
        sketch([strange])


@pytest.mark.slow
def test_requests_cross_the_bridge_in_the_picture_only_where_a_stack_lets_them(
    declared, declare, prod_settings
):
    edge = prod_settings.inference.edge
    overflow = {"host": "triton.aws.rialto.shop", "range": "10.20.0.0/16"}
    chosen = EdgeSettings.model_validate(
        {**edge.model_dump(mode="json", by_alias=True), "overflow": overflow}
    )
    inference = prod_settings.inference.model_copy(update={"edge": chosen})
    crossing = declare(prod_settings.model_copy(update={"inference": inference}), stack="prod")

    assert OVERFLOW in sketch(neutral(crossing.resources)).arrows
    assert OVERFLOW not in sketch(declared("prod")).arrows


def test_the_picture_is_xml_that_names_itself_and_has_colours_for_the_dark(declared):
    root = ElementTree.fromstring(picture(sketch(declared("prod")), "prod"))

    assert root.findtext("{*}title") == "Rialto's architecture, as the stack prod declares it"
    assert "prefers-color-scheme: dark" in root.findtext("{*}style")

from scripts.review.digest import Digest

STACK = "urn:pulumi:dev::rialto::pulumi:pulumi:Stack::rialto-dev"
NETWORK = "urn:pulumi:dev::rialto::rialto:aws:Network::network"
VPC = "urn:pulumi:dev::rialto::rialto:aws:Network$aws:ec2/vpc:Vpc::network"


def step(op, urn, parent="", old=None, new=None, diff=None):
    type_ = urn.split("::")[2].rpartition("$")[2]
    states = {"oldState": old, "newState": new}
    return {
        "op": op,
        "urn": urn,
        "detailedDiff": diff,
        **{
            key: {"type": type_, "parent": parent, "inputs": inputs}
            for key, inputs in states.items()
            if inputs is not None
        },
    }


def lines(*steps):
    return list(Digest({"steps": list(steps)}).lines())


def test_each_resource_stands_below_its_parent():
    found = lines(
        step("create", STACK, new={}),
        step("create", VPC, NETWORK, new={}),
        step("create", NETWORK, STACK, new={}),
    )

    assert found == [
        " + pulumi:pulumi:Stack  rialto-dev",
        " +    rialto:aws:Network  network",
        " +       aws:ec2/vpc:Vpc  network",
    ]


def test_what_changes_is_told_with_old_and_new_values():
    found = lines(
        step(
            "update",
            VPC,
            old={"tags": {"a.b": "1"}, "rules": [{"port": 1}]},
            new={"tags": {"a.b": "2"}, "rules": [{"port": 1}, {"port": 2}]},
            diff={'tags["a.b"]': {"kind": "update"}, "rules[1]": {"kind": "add"}},
        )
    )

    assert found == [
        " ~ aws:ec2/vpc:Vpc  network",
        "      rules[1]: {'port': 2}",
        '      tags["a.b"]: 1 => 2',
    ]


def test_a_replacement_is_told_once_with_its_reason():
    diff = {"cidrBlock": {"kind": "update-replace"}}
    steps = [
        step(op, VPC, old={"cidrBlock": "a"}, new={"cidrBlock": "b"}, diff=diff)
        for op in ("create-replacement", "replace", "delete-replaced")
    ]

    assert lines(*steps) == ["+- aws:ec2/vpc:Vpc  network", "      cidrBlock: a => b  (replaces it)"]


def test_what_goes_is_shown_as_it_was():
    assert lines(step("delete", VPC, NETWORK, old={})) == [" - aws:ec2/vpc:Vpc  network"]


def test_a_long_value_is_cut():
    (_, change) = lines(step("update", VPC, old={}, new={"x": "y" * 99}, diff={"x": {"kind": "add"}}))

    assert change.endswith(f"{'y' * 60}...")


def test_the_summary_counts_by_what_is_done():
    digest = Digest({"changeSummary": {"create": 2, "same": 9, "update": 1}})

    assert digest.summary() == "2 to create, 1 to update, 9 unchanged"
    assert Digest({}).summary() == "0 unchanged"


def test_problems_are_what_was_said_without_empty_lines():
    digest = Digest({"diagnostics": [{"message": "error: no\n"}, {"message": "\n"}]})

    assert list(digest.problems()) == ["error: no"]
    assert list(Digest({}).problems()) == []


def test_an_error_that_the_program_told_is_not_followed_by_the_engines_word_for_it():
    echo = "error: an unhandled error occurred: program exited with non-zero exit code: 1"

    assert list(Digest({"diagnostics": [{"message": "error: no"}, {"message": echo}]}).problems()) == [
        "error: no"
    ]
    assert list(Digest({"diagnostics": [{"message": echo}]}).problems()) == [echo]

import re

from tests.infra.clone import PROJECT


def test_the_readme_says_how_many_resources_prod_has():
    declared = (PROJECT / "tests" / "golden" / "prod.resources.txt").read_text().splitlines()

    (said,) = re.findall(r"account: (\d+) resources", (PROJECT / "README.md").read_text())

    # The engine counts the stack itself, too.
    assert int(said) == len(declared) + 1

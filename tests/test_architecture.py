import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PACKAGES = ("infra", "model", "serving")
# Run, or loaded by Triton inside its own environment: nobody imports from them.
PROGRAMS = {"__main__.py", "model.py"}


def files(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (PROJECT / package).rglob("*.py"))


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")


def loaded_by(*names: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after importing `names`."""
    script = f"import sys, {', '.join(names)}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def imports_of(path: Path) -> set[str]:
    """The top-level modules that a file names in any import, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def defined(path: Path) -> tuple[set[str], set[str]]:
    """The public classes and functions of a module, and every other name that it assigns or hands on."""
    callables, others = set(), set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            callables.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [name for target in targets for name in ast.walk(target)]
            others |= {name.id for name in names if isinstance(name, ast.Name)}
        elif isinstance(node, ast.ImportFrom):
            others |= {alias.asname or alias.name for alias in node.names}
    return {name for name in callables if not name.startswith("_")}, others


def listed(path: Path) -> list[str] | None:
    """What a module's `__all__` says, None where it says nothing."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return None


@pytest.mark.slow
def test_infra_declares_without_loading_torch():
    assert "torch" not in loaded_by(
        *(module_name(path) for path in files("infra") if path.name not in PROGRAMS)
    )


def test_the_client_starts_without_loading_torch():
    assert "torch" not in loaded_by("serving.client")


def test_infra_and_the_client_never_name_torch():
    for path in [*files("infra"), PROJECT / "serving" / "client.py"]:
        assert "torch" not in imports_of(path), path


def test_model_knows_nothing_of_clouds():
    for path in files("model"):
        assert not {"pulumi", "infra", "serving"} & imports_of(path), path


def test_serving_knows_nothing_of_pulumi():
    for path in files("serving"):
        assert not {"pulumi", "infra"} & imports_of(path), path


def test_only_the_settings_read_pulumis_configuration():
    # The policy pack is a program of its own, which the engine starts beside ours.
    pack = PROJECT / "infra" / "policy" / "pack" / "__main__.py"
    readers = [path for path in files("infra") if "pulumi.Config(" in path.read_text() and path != pack]

    assert {path.parent for path in readers} == {PROJECT / "infra" / "settings"}


def test_the_program_is_under_ten_lines():
    assert len((PROJECT / "infra" / "__main__.py").read_text().splitlines()) < 10


@pytest.mark.parametrize("path", files(*PACKAGES), ids=module_name)
def test_what_a_module_lists_as_public_is_what_it_defines(path):
    public = listed(path) or []

    assert len(public) == len(set(public))
    if path.name == "__init__.py":
        package = importlib.import_module(module_name(path))
        assert not [name for name in public if not hasattr(package, name)]
    elif path.name not in PROGRAMS:
        callables, others = defined(path)
        assert callables - {"main"} <= set(public), "a public class or function is not listed"
        assert set(public) <= callables | others, "a name is listed that is not there"


def test_every_file_with_tests_is_one_that_pytest_collects():
    for path in (PROJECT / "tests").rglob("*.py"):
        if any(line.startswith("def test_") for line in path.read_text().splitlines()):
            assert path.name.startswith("test_"), path

"""A Pulumi monitor that records what a program declares, and answers as an engine that created it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
from pulumi.runtime import mocks

GOLDEN = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Recorded:
    """One resource as the program declared it; `parent` is a URN, `provider` the name of an explicit one."""

    type: str
    name: str
    inputs: dict
    parent: str
    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    retained: bool = False
    secret_outputs: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    provider: str = ""


@dataclass
class Declared:
    """Everything that one run of the program declared and exported."""

    resources: list[Recorded] = field(default_factory=list)
    outputs: dict = field(default_factory=dict)

    def of_type(self, type_: str) -> list[Recorded]:
        return [resource for resource in self.resources if resource.type == type_]

    def only(self, type_: str) -> Recorded:
        found = self.of_type(type_)
        assert len(found) == 1, f"{len(found)} resources of type {type_}; declared:\n{self.listing()}"
        return found[0]

    def listing(self) -> str:
        """Sorted "type name" lines: the golden form."""
        return "".join(f"{line}\n" for line in sorted(f"{each.type} {each.name}" for each in self.resources))


class _Answers(mocks.Mocks):
    """Every resource comes to be as asked, with `computed` (by type) as what its provider adds,
    or a function of its name that says so.
    """

    def __init__(self, computed: dict[str, dict | Callable[[str], dict]]):
        self.computed = computed

    def new_resource(self, args):
        added = self.computed.get(args.typ, {})
        return f"{args.name}-id", {**args.inputs, **(added(args.name) if callable(added) else added)}

    def call(self, args):
        raise AssertionError(f"the program called {args.token}; a stack's preview asks no cloud anything")


class _Recorder(mocks.MockMonitor):
    def __init__(self, answers: mocks.Mocks, declared: Declared):
        super().__init__(answers)
        self.declared = declared

    def RegisterResource(self, request):  # noqa: N802 - the name is the monitor's
        if request.type != "pulumi:pulumi:Stack":
            inputs = mocks.rpc.deserialize_properties(request.object)
            recorded = Recorded(
                request.type,
                request.name,
                inputs,
                request.parent,
                protect=request.protect,
                ignore_changes=tuple(request.ignoreChanges),
                retained=request.retainOnDelete,
                secret_outputs=tuple(request.additionalSecretOutputs),
                depends_on=tuple(sorted(request.dependencies)),
                # A provider is referred to as <urn>::<id>.
                provider=request.provider.rpartition("::")[0].rpartition("::")[2],
            )
            self.declared.resources.append(recorded)
        return super().RegisterResource(request)


def record(
    program: Callable[[], dict],
    *,
    stack: str,
    computed: dict[str, dict],
) -> Declared:
    """Run `program` under the mock and look only after it returned, so that absence can be asserted."""
    declared = Declared()
    answers = _Answers(computed)
    mocks.set_mocks(answers, project="rialto", stack=stack, monitor=_Recorder(answers, declared))

    @pulumi.runtime.test
    def run():
        return pulumi.Output.all(**program()).apply(declared.outputs.update)

    run()
    return declared


def golden(name: str) -> str:
    """What was reviewed and must not drift."""
    return (GOLDEN / name).read_text()

"""Checks a resource's inputs against the API definitions that OpenStack's own libraries carry.

Names, required attributes and values go through neutron-lib's own code, as Neutron's API server runs it for each
request. For other services the names come from openstacksdk's resource classes, which know types for some, and values
from specifications in the same form (openstack_target.py).
"""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pulumi.runtime import rpc

from tests.recording import Declared

# Both libraries warn of their own future, once, when they are loaded.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from neutron_lib import constants
    from neutron_lib.api import attributes, definitions, validators
    from neutron_lib.exceptions import InvalidInput
    from openstack import fields, resource
    from oslo_config import cfg
    from webob.exc import HTTPBadRequest

Attributes = dict[str, dict[str, Any]]
Inputs = Mapping[str, Any]

# Neutron's own default (neutron/conf/common.py), which neutron-lib reads and does not declare.
cfg.CONF.register_opt(cfg.IntOpt("max_allowed_address_pair", default=10))
# What a request is for comes from its token, never from its body.
PROJECT = {"project_id": "0" * 32, "tenant_id": "0" * 32}
SECRET_MARK = rpc._special_sig_key
# By the type that openstacksdk gives an attribute.
TYPES = {int: {"type:integer": None}, bool: {"type:boolean": None}, dict: {"type:dict": None}}


@dataclass(frozen=True)
class Target:
    """Where a provider's inputs go: the attributes of one request, and how they are named there.

    `renames` has None for what the provider keeps to itself, does with another request, or looks up first;
    `added` is what it puts in instead. `updates` says that the request changes something that is
    there; `body` arranges what is more than renamed.
    """

    attributes: Attributes
    renames: dict[str, str | None] = field(default_factory=dict)
    added: dict[str, Any] = field(default_factory=dict)
    updates: bool = False
    body: Callable[[dict[str, Any]], dict[str, Any]] = dict

    def request(self, inputs: Inputs) -> dict[str, Any]:
        """What the provider would send."""
        named = {self.renames.get(key, snake(key)): plain(value) for key, value in inputs.items()}
        named.pop(None, None)
        asked = {} if self.updates else PROJECT
        project = {key: value for key, value in asked.items() if key in self.attributes}
        return {**project, **self.added, **self.body(named)}


def refusal(target: Target, inputs: Inputs) -> str | None:
    """What OpenStack would answer to these inputs; None if it takes them."""
    information = attributes.AttributeInfo(target.attributes)
    request = target.request(inputs)
    try:
        information.verify_attributes(request)
        if target.updates:
            _require_changeable(target.attributes, request)
        else:
            information.fill_post_defaults(request)
        information.convert_values(request)
    except HTTPBadRequest as error:
        return str(error.detail)
    except InvalidInput as error:
        return str(error)
    return None


def refusals(declared: Declared, targets: Mapping[str, Target]) -> Iterator[str]:
    """One line for each OpenStack resource that OpenStack would refuse, or that has no target."""
    known = {f"{each.name}-id": str(uuid5(NAMESPACE_URL, each.name)) for each in declared.resources}
    for each in declared.resources:
        if not each.type.startswith("openstack:"):
            continue
        if each.type not in targets:
            yield f"{each.type} has no target in openstack_target.py"
        elif problem := refusal(targets[each.type], with_uuids(each.inputs, known)):
            yield f"{each.type} {each.name}: {problem}"


def _require_changeable(known: Attributes, request: Inputs) -> None:
    """Do for a change what neutron-lib does for a creation only: refuse attributes that it may not have."""
    if fixed := sorted(name for name in request if not known[name].get("allow_put")):
        raise InvalidInput(error_message=f"Attribute '{fixed[0]}' not allowed in PUT")


def neutron(collection: str, *modules: str, **own: dict[str, Any]) -> Attributes:
    """The attributes of one collection of Neutron's API, with those that extensions add to it."""
    found: Attributes = {}
    for module in modules:
        definition = getattr(__import__(definitions.__name__, fromlist=[module]), module)
        found |= definition.RESOURCE_ATTRIBUTE_MAP[collection]
    return found | specified(own)


def sdk(kind: type[resource.Resource], required: Iterable[str] = (), **own: dict[str, Any]) -> Attributes:
    """The attributes that openstacksdk knows of a resource, with the values that `own` specifies for some."""
    components = [each for base in kind.mro() for each in vars(base).values()]
    found = {
        each.name: own.get(each.name, TYPES.get(each.type, {}))
        for each in components
        if isinstance(each, fields.Body | fields.Header)
    }
    unknown = set(own) - set(found)
    assert not unknown, f"openstacksdk's {kind.__name__} has no {', '.join(sorted(unknown))}"
    return specified(found, required)


def specified(values: Mapping[str, dict[str, Any]], required: Iterable[str] = ()) -> Attributes:
    """Attributes in neutron-lib's form, from what each one's value must be."""
    optional = {"default": constants.ATTR_NOT_SPECIFIED}
    required = set(required)
    return {
        name: {"allow_post": True, "validate": validate} | ({} if name in required else optional)
        for name, validate in values.items()
    }


def each_of(**keys: dict[str, Any]) -> dict[str, Any]:
    """A list of objects with these keys and no others."""
    return {"type:each": {key: {"required": False} | validate for key, validate in keys.items()}}


def snake(name: str) -> str:
    """A name as the provider's SDK was given it: "fixedIps" -> "fixed_ips"."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1].lower()}", name)


def plain(value: Any) -> Any:
    """A recorded value as the provider sends it: whole numbers whole, keys in snake case, secrets unwrapped."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict) and SECRET_MARK in value:
        return plain(value["value"])
    if isinstance(value, dict):
        return {snake(key): plain(each) for key, each in value.items()}
    return value


def with_uuids(value: Any, known: Mapping[str, str]) -> Any:
    """The same value with the ids that the recording made up replaced by what OpenStack calls an id."""
    if isinstance(value, list):
        return [with_uuids(each, known) for each in value]
    if isinstance(value, dict):
        return {key: with_uuids(each, known) for key, each in value.items()}
    return known.get(value, value) if isinstance(value, str) else value


def _each(values: Any, keys: dict[str, Any]) -> str | None:
    if not isinstance(values, list):
        return f"'{values}' is not a list"
    problems = (validators.validate_dict(each, keys) for each in values)
    return next((str(problem) for problem in problems if problem), None)


def _words(values: Any, limit: int) -> str | None:
    """Tags and the like: a mapping of text to text."""
    if not isinstance(values, dict):
        return f"'{values}' is not a mapping"
    long = [
        word for pair in values.items() for word in pair if not isinstance(word, str) or len(word) > limit
    ]
    return f"{long[0]!r} is not text of at most {limit} characters" if long else None


validators.add_validator("each", _each)
validators.add_validator("words", _words)

"""Checks a value against a shape of botocore's service models: what AWS's own client sends, what AWS documents.

Enumerations that botocore has only in its documentation ("Valid values: <code>a</code> | <code>b</code>") count too.
"""

import re
from functools import cache

import botocore.session

VALID_VALUES = re.compile(
    r"(?:Valid|Possible|Permitted) values(?: are)?:?(.*?)</p>", re.IGNORECASE | re.DOTALL
)
CODE = re.compile(r"<code>(.*?)</code>")
AT_LEAST = re.compile(r"value greater than or equal to (\d+)", re.IGNORECASE)
NUMBER = r"(?:<code>)?([\d,]+)(?:</code>)?"
BETWEEN = re.compile(rf"value between {NUMBER} and {NUMBER}|values: {NUMBER} to {NUMBER}", re.IGNORECASE)


@cache
def _session():
    return botocore.session.get_session()


@cache
def service(name: str):
    return _session().get_service_model(name)


def input_of(where: str):
    """The input of "service.Operation"."""
    name, operation = where.split(".")
    return service(name).operation_model(operation).input_shape


def member(shape, name: str):
    """A structure's member, however it is capitalised; None if it has none of that name."""
    members = {each.lower(): found for each, found in getattr(shape, "members", {}).items()}
    return members.get(name.lower())


def descend(shape, path: str):
    """Follow dotted names through structures, and through lists to what they hold; None if one is unknown."""
    for name in filter(None, path.split(".")):
        while shape.type_name == "list":
            shape = shape.member
        shape = member(shape, name)
        if shape is None:
            return None
    return shape


def problems(value, shape, path: str, target):
    """Yield what AWS would refuse; `target(path, key)` says where a key goes that AWS names otherwise, or None."""
    kind = shape.type_name
    if isinstance(value, list) and kind in ("string", "integer", "long"):
        # Where several of ours are alternatives for the one that AWS takes.
        for each in value:
            yield from problems(each, shape, path, target)
    elif kind == "structure":
        yield from _structure(value, shape, path, target)
    elif kind == "list":
        values = value if isinstance(value, list) else [value]
        yield from _length(len(values), shape, path)
        for each in values:
            yield from _listed(each, shape, path)
            yield from problems(each, shape.member, path, target)
    elif kind == "map":
        for key, each in value.items():
            yield from problems(key, shape.key, f"{path}.{key}", target)
            yield from problems(each, shape.value, f"{path}.{key}", target)
    elif kind == "string":
        yield from _text(value, shape, path)
    elif kind in ("integer", "long"):
        yield from _number(value, shape, path)
    elif kind == "boolean" and value not in (True, False, "true", "false"):
        yield f"{path} is {value!r}, not a boolean"


def _structure(value, shape, path, target):
    if isinstance(value, list):
        # The provider has a list where AWS has one structure.
        for each in value:
            yield from _structure(each, shape, path, target)
        return
    if not isinstance(value, dict):
        # AWS wraps each value of some lists: {"Value": ...}.
        wrapped = member(shape, "Value")
        if wrapped is None:
            yield f"{path} is {value!r}, not a structure"
        else:
            yield from problems(value, wrapped, path, target)
        return
    for key, each in value.items():
        here = f"{path}.{key}"
        found = target(path, key) or key
        if found == "-":
            continue
        inner = input_at(found) if ":" in found else descend(shape, found)
        if inner is None:
            yield f"{here} is no member of {shape.name}"
        else:
            yield from problems(each, inner, here, target)
    given = {(target(path, key) or key).split(".")[0].lower() for key in value}
    for required in shape.required_members:
        if required.lower() not in given and "." in path:
            yield f"{path} lacks {required}, which {shape.name} requires"


def input_at(found: str):
    """The shape at "service.Operation:Dotted.Path"."""
    where, path = found.split(":")
    return descend(input_of(where), path)


def _text(value, shape, path):
    if isinstance(value, (bool, dict)):
        yield f"{path} is {value!r}, not text"
        return
    value = str(value)
    if shape.enum and value not in shape.enum:
        yield f"{path} is {value!r}; AWS knows {', '.join(shape.enum[:8])}"
    elif not shape.enum:
        yield from _listed(value, shape, path)
    yield from _length(len(value), shape, path)
    if (pattern := _pattern(shape)) and not pattern.fullmatch(value):
        yield f"{path} is {value!r}, which does not match {pattern.pattern}"


def _number(value, shape, path):
    if isinstance(value, bool) or not float(value).is_integer():
        yield f"{path} is {value!r}, not a whole number"
        return
    number = int(float(value))
    yield from _listed(number, shape, path)
    limits = [shape.metadata.get("min"), shape.metadata.get("max")]
    if between := BETWEEN.search(shape.documentation or ""):
        limits = [int(each.replace(",", "")) for each in between.groups() if each]
    elif least := AT_LEAST.search(shape.documentation or ""):
        limits = [int(least[1]), None]
    yield from _between(number, limits, path)


def _listed(value, shape, path):
    """What the documentation of a member lists holds for its value, or for each of its values."""
    allowed = documented(shape)
    text = str(int(value)) if isinstance(value, float) else str(value)
    if allowed and not isinstance(value, dict) and text not in allowed:
        yield f"{path} is {text!r}; AWS knows {', '.join(allowed)}"


def _length(length, shape, path):
    yield from _between(
        length, [shape.metadata.get("min"), shape.metadata.get("max")], f"the length of {path}"
    )


def _between(number, limits, path):
    low, high = limits
    if (low is not None and number < low) or (high is not None and number > high):
        yield f"{path} is {number}, not from {low} to {high}"


def _pattern(shape):
    text = shape.metadata.get("pattern")
    if not text:
        return None
    try:
        # Coral's patterns are Java's; those that Python cannot read stay unchecked.
        return re.compile(text, re.DOTALL)
    except re.error:
        return None


def documented(shape) -> list[str]:
    """The values that only the documentation of a member lists; empty if it lists none."""
    found = VALID_VALUES.search(shape.documentation or "")
    if not found or BETWEEN.search(shape.documentation):
        return []
    listed = CODE.findall(found[1])
    return listed or [each.strip() for each in re.findall(r"\b\d+\b", found[1])]

"""What the client's own models ask of an answer: members that must be there, and words that are allowed.

The models are read as they are installed: each setter says what it refuses.
"""

import ast
import inspect
import re
import sys

REQUIRED = re.compile(r"must not be `None`")
ALLOWED = re.compile(r"allowed_values = (\[[^\]]*\])")
# Members that say which one of several a value is.
KINDS = ("filter_branch_type", "filter_type", "operation_type")
# How the client's models end that have the members of all of several.
EITHER = ("Inner", "ValueComparison")


def walked(answer, path=""):
    """Every fault of an answer, and how many members of models were looked at."""
    faults, seen = [], 0
    if isinstance(answer, (list, tuple)):
        parts = [(f"{path}[{place}]", one) for place, one in enumerate(answer)]
    elif isinstance(answer, dict):
        parts = [(f"{path}.{name}", one) for name, one in answer.items()]
    elif hasattr(answer, "openapi_types"):
        parts = []
        model = meant(answer)
        for name in (name for name in model.openapi_types if name in answer.openapi_types):
            value = getattr(answer, name)
            where = f"{path}.{name}"
            faults += refused(model, name, value, where)
            seen += 1
            parts.append((where, value))
    else:
        return faults, seen
    for where, part in parts:
        more, many = walked(part, where)
        faults += more
        seen += many
    return faults, seen


def meant(answer):
    """The model of a value: the client has one model in the place of several."""
    model = type(answer)
    if not model.__name__.endswith(EITHER):
        return model
    package = sys.modules[model.__module__.rsplit(".", 1)[0]]
    for other in vars(package).values():
        if not inspect.isclass(other) or other.__name__.endswith(EITHER):
            continue
        for kind in KINDS:
            if kind in model.openapi_types and kind in getattr(other, "openapi_types", ()):
                if getattr(answer, kind) in allowed(other, kind):
                    return other
    return model


def allowed(model, name):
    """The words a member may be, if they are few."""
    found = ALLOWED.search(inspect.getsource(getattr(model, name).fset))
    return ast.literal_eval(found.group(1)) if found else []


def refused(model, name, value, where):
    """What the setter of a member says of a value."""
    setter = getattr(model, name).fset
    source = inspect.getsource(setter)
    if value is None:
        return [f"{where} is missing"] if REQUIRED.search(source) else []
    words = allowed(model, name)
    if not words:
        return []
    values = value if isinstance(value, list) else [value]
    return [f"{where} is {one!r}, none of {words}" for one in values if one not in words]

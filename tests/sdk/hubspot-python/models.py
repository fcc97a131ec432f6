"""What the client's own models ask of an answer: members that must be there, and words that are allowed.

The models are read as they are installed: each setter says what it refuses.
"""

import ast
import inspect
import re

REQUIRED = re.compile(r"must not be `None`")
ALLOWED = re.compile(r"allowed_values = (\[[^\]]*\])")


def walked(answer, path=""):
    """Every fault of an answer, and how many members of models were looked at."""
    faults, seen = [], 0
    if isinstance(answer, (list, tuple)):
        parts = [(f"{path}[{place}]", one) for place, one in enumerate(answer)]
    elif isinstance(answer, dict):
        parts = [(f"{path}.{name}", one) for name, one in answer.items()]
    elif hasattr(answer, "openapi_types"):
        parts = []
        for name in answer.openapi_types:
            value = getattr(answer, name)
            where = f"{path}.{name}"
            faults += refused(type(answer), name, value, where)
            seen += 1
            parts.append((where, value))
    else:
        return faults, seen
    for where, part in parts:
        more, many = walked(part, where)
        faults += more
        seen += many
    return faults, seen


def refused(model, name, value, where):
    """What the setter of a member says of a value."""
    setter = getattr(model, name).fset
    source = inspect.getsource(setter)
    if value is None:
        return [f"{where} is missing"] if REQUIRED.search(source) else []
    allowed = ALLOWED.search(source)
    if allowed is None:
        return []
    words = ast.literal_eval(allowed.group(1))
    values = value if isinstance(value, list) else [value]
    return [f"{where} is {one!r}, none of {words}" for one in values if one not in words]

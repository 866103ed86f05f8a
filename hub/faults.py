"""What pydantic and tomllib find in a file from outside, in words of ours: what is wrong, and what to write."""

import dataclasses
import difflib
import re
import tomllib
import types
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from hub.model.directive import Language

Location = tuple[int | str, ...]

_KEY = "[key]"
"""The last step of a location where pydantic means the key itself, not what stands under it."""

_TEXT = ("is no text", "write it in quotes")
_SWITCH = ("is neither true nor false", "write true or false")
_WHOLE = ("is no whole number", "write one, such as 5")
_NUMBER = ("is no number", "write one, such as 0.5")
_LIST = ("is no list", "write one in square brackets: […]")
_TABLE = ("is no table", "write its keys below a [heading], or in braces: { key = … }")
_IN_EACH = '{ fr = "…", de = "…", nl = "…", en = "…" }'
_TEXTS = ("is no text per language", f"write {_IN_EACH}")

_KINDS = {
    "string_type": _TEXT,
    "path_type": _TEXT,
    "bool_type": _SWITCH,
    "bool_parsing": _SWITCH,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "dict_type": _TABLE,
    "mapping_type": _TABLE,
    "model_type": _TABLE,
    "model_attributes_type": _TABLE,
    "dataclass_type": _TABLE,
}
"""pydantic's kinds of a wrong type, and what to say of each."""

UNKNOWN_KEY = {"extra_forbidden", "unexpected_keyword_argument"}


def place(fault: Mapping[str, Any]) -> Location:
    """Where in the file the fault stands."""
    return tuple(step for step in fault["loc"] if step != _KEY)


def explain(fault: Mapping[str, Any], form: Any) -> tuple[str, str]:
    """What is wrong at the place of a fault of `form`, and what to do about it."""
    kind, bounds, location = fault["type"], fault.get("ctx", {}), place(fault)
    if kind in UNKNOWN_KEY:
        return "unknown key", nearest(str(location[-1]), known_keys(form, location[:-1]))
    if kind in ("missing", "missing_argument"):
        if table := _table_at(form, location):
            return "is missing", f"add a table {table}"
        value = _IN_EACH if _has_languages(form, location) else "…"
        return "is missing", f"add {location[-1]} = {value}" if isinstance(location[-1], str) else "add it"
    if kind == "value_error":
        text, _, remedy = fault["msg"].removeprefix("Value error, ").partition("; ")
        return text, remedy
    if kind == "literal_error":
        return _no_such_word(fault)
    if kind == "dict_type" and _has_languages(form, location):
        return _TEXTS
    return _KINDS.get(kind) or _out_of_bounds(bounds) or ("cannot stand here", "write something else")


def line(fault: Mapping[str, Any], form: Any) -> str:
    """The same in one line."""
    return "; ".join(filter(None, explain(fault, form)))


def known_keys(form: Any, location: Sequence[int | str] = ()) -> tuple[str, ...]:
    """The keys that the table at `location` of a form knows, as a file spells them."""
    here = _type_at(form, location)
    if isinstance(here, type) and issubclass(here, BaseModel):
        return tuple(field.alias or name for name, field in here.model_fields.items())
    return tuple(field.name for field in dataclasses.fields(here)) if dataclasses.is_dataclass(here) else ()


def nearest(key: str, known: Collection[str]) -> str:
    """The known key that was probably meant, whatever its language; all of them where none is near."""
    stem = re.sub("_[a-z]{2}$", "", key)
    found = difflib.get_close_matches(stem, sorted(known), n=1, cutoff=0.5)
    return f"did you mean {found[0]}?" if found else f"known keys: {', '.join(sorted(known))}"


def no_toml(error: Exception) -> tuple[str, str]:
    """Why tomllib cannot read a text, and what to do about it."""
    if isinstance(error, UnicodeDecodeError):
        return f"octet {error.start} is no UTF-8", "save the file as UTF-8"
    if isinstance(error, tomllib.TOMLDecodeError):
        return f"no TOML: {error}", "mend it at that place"
    if isinstance(error, RecursionError):
        return "no TOML that can be read: lists or tables lie too deep in one another", "write them flat"
    return "no TOML that can be read: a number has thousands of digits", "write a shorter one"


def _no_such_word(fault: Mapping[str, Any]) -> tuple[str, str]:
    words = re.findall(r"'([^']*)'|(\d+)", fault["ctx"]["expected"])
    known = [word or number for word, number in words]
    text = "is no key of this table" if fault["loc"][-1:] == (_KEY,) else "is not what may stand here"
    if len(known) == 1:
        return text, f"write {known[0]}"
    spelled = [word for word in known if len(word) > 2]  # one sign is near any other
    found = difflib.get_close_matches(str(fault.get("input")), spelled, n=1)
    return text, (f"did you mean {found[0]}? " if found else "") + f"it is one of {', '.join(known)}"


def _out_of_bounds(bounds: Mapping[str, Any]) -> tuple[str, str] | None:
    match bounds:
        case {"ge": least}:
            return "is too small", f"write {least} or more"
        case {"gt": bound}:
            return "is too small", f"write more than {bound:g}"
        case {"le": most}:
            return "is too large", f"write {most} or less"
        case {"min_length": 1}:
            return "is empty", "write at least one entry"
        case {"min_length": least, "field_type": _}:
            return "has too few entries", f"write {least} at least"
        case {"max_length": most, "field_type": _}:
            return "has too many entries", f"write {most} at most"
        case {"max_length": most}:
            return "is too long", f"write at most {most} characters"
    return None


def _has_languages(form: Any, location: Sequence[int | str]) -> bool:
    keys = get_args(_type_at(form, location))[:1]
    return bool(keys) and get_args(Language)[1] in get_args(keys[0])


def _table_at(form: Any, location: Sequence[int | str]) -> str | None:
    """The heading of the table that belongs there; None where it is none, or one that is written in braces."""
    here, heading = _type_at(form, location), f"[{'.'.join(map(str, location))}]"
    if get_origin(here) is list:
        here, heading = _bare(get_args(here)[0]), f"[{heading}]"
    is_table = get_origin(here) is dict or (isinstance(here, type) and issubclass(here, BaseModel))
    return heading if is_table and not _has_languages(form, location) else None


def _type_at(form: Any, location: Sequence[int | str]) -> Any:
    here = _bare(form)
    for step in location:
        here = _bare(_inside(here, step))
    return here


def _bare(annotation: Any) -> Any:
    """The type without its annotations and without None."""
    while get_origin(annotation) in (Annotated, Union, types.UnionType):
        annotation = next(arg for arg in get_args(annotation) if arg is not type(None))
    return annotation


def _inside(here: Any, step: int | str) -> Any:
    """The type of what stands at a key or number of a table or list; Any where the form does not say."""
    if isinstance(here, type) and issubclass(here, BaseModel):
        found = [field.annotation for name, field in here.model_fields.items() if step in (name, field.alias)]
        return found[0] if found else Any
    if dataclasses.is_dataclass(here):
        return get_type_hints(here).get(str(step), Any)
    arguments = get_args(here)
    return arguments[0 if isinstance(step, int) else -1] if arguments else Any

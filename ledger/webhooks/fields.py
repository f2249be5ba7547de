"""The fields of events: each one's words, what it may hold as JSON Schema (2020-12), and an example of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]
TIME = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$"
EXAMPLE_TIME = "2026-11-30T04:00:00.000000Z"
_DAY = r"^\d{4}-\d{2}-\d{2}$"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an event's data. `parts` are the fields of each thing in a list."""

    text: str
    schema: Schema
    example: Any
    parts: Mapping[str, "Field"] = field(default_factory=dict)


def uuid(text: str, example: str = "c410eec7-55b2-47e2-ba2c-d895ed4f68d0") -> Field:
    """Return a field that holds the public id of something."""
    return Field(text, {"type": "string", "format": "uuid"}, example)


def number(text: str, example: str = "1") -> Field:
    """Return a field that holds a number by which something is called: as a text, since it may grow beyond 2^53."""
    return Field(text, {"type": "string", "pattern": "^[0-9]+$"}, example)


def count(text: str, example: int) -> Field:
    """Return a field that holds a whole number to reckon with: tonnes, fen, how many."""
    return Field(text, {"type": "integer", "minimum": 0}, example)


def count_or_none(text: str, example: int) -> Field:
    """Return a field that holds a whole number to reckon with, or null."""
    return Field(text, {"type": ["integer", "null"], "minimum": 0}, example)


def year(text: str) -> Field:
    """Return a field that holds a year."""
    return Field(text, {"type": "integer", "minimum": 1900, "maximum": 2999}, 2025)


def code(text: str, pattern: str, example: str) -> Field:
    """Return a field that holds a code, which has a form of its own."""
    return Field(text, {"type": "string", "pattern": pattern}, example)


def words(text: str, example: str) -> Field:
    """Return a field that holds what somebody has written."""
    return Field(text, {"type": "string"}, example)


def one_of(text: str, values: Iterable[str], example: str) -> Field:
    """Return a field that holds one of some words."""
    choices = [str(value) for value in values]
    assert example in choices, f"{example} is none of {choices}"
    return Field(text, {"type": "string", "enum": choices}, example)


def moment(text: str) -> Field:
    """Return a field that holds a time, in UTC to the microsecond."""
    return Field(text, {"type": "string", "format": "date-time", "pattern": TIME}, EXAMPLE_TIME)


def day_or_none(text: str) -> Field:
    """Return a field that holds a day, or null."""
    return Field(text, {"type": ["string", "null"], "format": "date", "pattern": _DAY}, "2027-05-31")


def many(text: str, parts: Mapping[str, Field], most: int) -> Field:
    """Return a field that holds a list, of one to so many things."""
    schema = {"type": "array", "minItems": 1, "maxItems": most, "items": schema_of(parts)}
    return Field(text, schema, [example_of(parts)], parts)


def schema_of(fields: Mapping[str, Field]) -> Schema:
    """Return the JSON Schema of an object with these fields, all of them always there. Others may be added one day."""
    properties = {name: {**each.schema, "description": each.text} for name, each in fields.items()}
    return {"type": "object", "properties": properties, "required": list(fields)}


def example_of(fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return an object with these fields, as it might be."""
    return {name: each.example for name, each in fields.items()}


def lines_of(fields: Mapping[str, Field], within: str = "") -> Iterator[tuple[str, str]]:
    """Yield the name and the words of each field, and after a list those of what it holds."""
    for name, each in fields.items():
        yield f"{within}{name}", each.text
        yield from lines_of(each.parts, f"{within}{name}[].")

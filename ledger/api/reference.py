"""The reference of the API as pages show it, read from the OpenAPI schema."""

import json
import re
import shlex
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils import translation
from django.utils.functional import Promise
from drf_spectacular.generators import SchemaGenerator

from ledger.api.catalogue import KnownProblem

METHODS = ("get", "post", "put", "patch", "delete")
# As docs/api.md and the page itself set them: whoever has done so copies an example and runs it.
BASE = "$TIANHUI"
KEY = '-H "Idempotency-Key: $(openssl rand -hex 16)"'
# Where one of several parameters is needed, which the schema cannot say.
ONE_OF = {"get_inclusion": "index"}
_IN_PATH = re.compile(r"\{(\w+)\}")
_PLACEHOLDER = re.compile(r"%\(\w+\)s")
_REFUSAL = re.compile(r"^- `(\w+)`: (.*)$", re.MULTILINE)
MAX_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a field of a body: `depth` is how deep it lies."""

    name: str
    kind: str
    text: str
    is_required: bool
    depth: int = 0
    place: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is no refusal."""

    status: str
    fields: list[Field]
    example: str


@dataclass(frozen=True, slots=True)
class Refusal:
    status: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    text: str
    is_public: bool
    is_deprecated: bool
    parameters: list[Field]
    body: list[Field]
    answers: list[Answer]
    refusals: list[Refusal]
    curl: str
    python: str


@dataclass(frozen=True, slots=True)
class Subject:
    name: str
    text: str
    operations: list[Operation]


@dataclass(frozen=True, slots=True)
class Reference:
    text: str
    subjects: list[Subject]


def described(known: KnownProblem) -> dict[str, Any]:
    """Return what a page says of a code, in the reader's language."""
    return {
        "code": known.code,
        "title": known.title,
        "status": known.status,
        "messages": [plain(message) for message in known.messages],
        "advice": known.advice,
    }


def plain(message: str | Promise) -> str:
    """Return what a message says, with … where a refusal says what."""
    return _PLACEHOLDER.sub("…", str(message))


@lru_cache(maxsize=4)
def reference(language: str) -> Reference:
    """Return the reference in a language. Made once a process: it takes a second or two."""
    with translation.override(language):
        schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    by_tag: dict[str, list[Operation]] = {}
    for path, methods in schema["paths"].items():
        for method in METHODS:
            if method in methods and path.startswith("/api/v1/"):
                found = methods[method]
                by_tag.setdefault(found["tags"][0], []).append(_operation(schema, path, method, found))
    subjects = {tag["name"]: tag["description"] for tag in schema["tags"]}
    return Reference(
        schema["info"]["description"],
        [Subject(name, text, by_tag[name]) for name, text in subjects.items() if name in by_tag],
    )


def search(found: Reference, text: str) -> list[tuple[Subject, list[Operation]]]:
    """Return the operations that have every word of a text in their name, address, summary, description or codes."""
    words = text.casefold().split()
    hits = [
        (subject, [one for one in subject.operations if all(word in _searched(one) for word in words)])
        for subject in found.subjects
    ]
    return [(subject, operations) for subject, operations in hits if operations]


def _searched(one: Operation) -> str:
    codes = " ".join(refusal.code for refusal in one.refusals)
    return f"{one.id} {one.method} {one.path} {one.summary} {one.text} {codes}".casefold()


def _operation(schema: dict[str, Any], path: str, method: str, one: dict[str, Any]) -> Operation:
    parameters = [_resolved(schema, each) for each in one.get("parameters", [])]
    body = next(iter(one.get("requestBody", {}).get("content", {}).items()), None)
    sent = None if body is None else _example(body[1])
    answers = [_answer(schema, status, answer) for status, answer in one["responses"].items() if status < "300"]
    is_public = {} in one.get("security", [{}])
    needed = ONE_OF.get(one["operationId"], "")
    query = [each for each in parameters if each["in"] == "query" and (each.get("required") or each["name"] == needed)]
    takes_key = any(each["name"] == "Idempotency-Key" for each in parameters)
    return Operation(
        id=one["operationId"],
        method=method.upper(),
        path=path,
        summary=one["summary"],
        text=one.get("description", ""),
        is_public=is_public,
        is_deprecated=one.get("deprecated", False),
        parameters=[_parameter(each) for each in parameters],
        body=[] if body is None else list(_fields(schema, body[1]["schema"])),
        answers=answers,
        refusals=_refusals(one["responses"]),
        curl=_curl(
            method,
            path,
            sent,
            is_form=body is not None and "form" in body[0],
            is_public=is_public,
            query=query,
            takes_key=takes_key,
        ),
        python=_python(method, path, sent, is_form=body is not None and "form" in body[0], query=query),
    )


def _answer(schema: dict[str, Any], status: str, answer: dict[str, Any]) -> Answer:
    contents: dict[str, Any] = answer.get("content", {})
    kind = next(iter(contents), "")
    content: dict[str, Any] = contents.get(kind, {})
    fields = list(_fields(schema, content["schema"])) if "json" in kind else []
    example = _example(content)
    return Answer(status, fields, "" if example is None else _written(example))


def _refusals(responses: dict[str, Any]) -> list[Refusal]:
    return [
        Refusal(status, code, text)
        for status, answer in responses.items()
        if status >= "400"
        for code, text in _REFUSAL.findall(answer["description"])
    ]


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        found: Any = schema
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def _parameter(each: dict[str, Any]) -> Field:
    kind = _kind(each.get("schema", {}))
    return Field(each["name"], kind, each.get("description", ""), each.get("required", False), place=each["in"])


def _fields(schema: dict[str, Any], part: dict[str, Any], depth: int = 0) -> list[Field]:
    found = []
    whole = _whole(schema, part)
    required = set(whole.get("required", ()))
    for name, field in whole.get("properties", {}).items():
        inner = _whole(schema, field)
        text = field.get("description") or inner.get("description", "")
        found.append(Field(name, _kind(inner), text.split("\n\n* `")[0], name in required, depth))
        if depth < MAX_DEPTH:
            found += _fields(schema, inner.get("items", inner), depth + 1)
    return found


def _whole(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Return a part with what it refers to, alone or as one of several, put in its place."""
    part = _resolved(schema, part)
    for several in ("allOf", "oneOf", "anyOf"):
        for each in part.get(several, ()):
            inner = _resolved(schema, each)
            if inner.get("type") != "null":
                return {**inner, **{key: value for key, value in part.items() if key != several}}
    return part


def _kind(part: dict[str, Any]) -> str:
    if "enum" in part:
        return " | ".join(str(value) for value in part["enum"] if value is not None)
    kind = part.get("type", "")
    kinds = [kind] if isinstance(kind, str) else kind
    named = part.get("format")
    return " | ".join(each for each in kinds if each) + (f" ({named})" if named else "")


def _example(content: dict[str, Any]) -> Any:
    return next((each["value"] for each in content.get("examples", {}).values() if "value" in each), None)


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _curl(
    method: str, path: str, sent: Any, *, is_form: bool, is_public: bool, query: list[dict[str, Any]], takes_key: bool
) -> str:
    asked = "&".join(f"{each['name']}={each.get('example', 1)}" for each in query)
    # What stands in braces is a variable of the reader's own: curl would take braces for a list of words.
    place = _IN_PATH.sub(r"$\1", path)
    lines = [
        f'curl{" -X " + method.upper() if method not in ("get", "post") else ""} "{BASE}{place}{"?" + asked if asked else ""}"'
    ]
    if not is_public:
        lines.append('-H "Authorization: Bearer $TIANHUI_TOKEN"')
    if takes_key:
        lines.append(KEY)
    if is_form and isinstance(sent, dict):
        lines += [
            f"-F {shlex.quote(f'{name}=@{value}' if name == 'file' else f'{name}={value}')}"
            for name, value in sent.items()
        ]
    elif method == "post":
        body = json.dumps({} if sent is None else sent, ensure_ascii=False)
        lines += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(body)}"]
    return " \\\n  ".join(lines)


def _python(method: str, path: str, sent: Any, *, is_form: bool, query: list[dict[str, Any]]) -> str:
    short = path.removeprefix("/api/v1")
    place = f'{"f" if "{" in short else ""}"{short}"'
    if is_form and isinstance(sent, dict):
        fields = "".join(f", {name}={value!r}" for name, value in sent.items() if name != "file")
        return f"client.upload({place}, {sent['file']!r}{fields})"
    if method == "get":
        asked = "".join(f", {each['name']}={each.get('example', 1)!r}" for each in query)
        return f"client.get({place}{asked})"
    if method == "delete":
        return f"client.delete({place})"
    return f"client.post({place}, {sent!r})" if sent else f"client.post({place})"

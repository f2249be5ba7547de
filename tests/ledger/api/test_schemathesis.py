"""The API keeps to its schema: whatever is asked by whomever, the status, the content type, the headers and the body of the
answer are those that the schema says, and none is a 500.

`SCHEMATHESIS=200 .venv/bin/python -m pytest tests/ledger/api/test_schemathesis.py` tries that many requests an operation.
"""

import os
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode

from ledger.parties.services import issue_token
from tests.callers import undone
from tests.ledger.api import test_fuzz
from tests.ledger.api.test_examples import OF_OPERATION, PLACES, _cases_by_operation, more
from tests.ledger.api.test_fuzz import CASES, Scene, fill

_scene_once, scene = test_fuzz._scene_once, test_fuzz.scene

EXAMPLES = int(os.environ.get("SCHEMATHESIS", "2"))
HOW = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
PEOPLE = ("cooperative", "buyer", "verifier", "registrar", "treasurer", "auditor")


@pytest.fixture
def tokens(scene: Scene) -> dict[str, str | None]:
    who, _names = scene
    found = {name: issue_token(user=getattr(who, name).user, name="schemathesis")[1] for name in PEOPLE}
    return {**found, "stranger": None}


def test_the_api_keeps_to_its_schema(scene: Scene, tokens: dict[str, str | None], api_schema: dict[str, Any]) -> None:
    api = schemathesis.openapi.from_dict(api_schema, config=SchemathesisConfig())
    with undone():
        named = scene[1] | more(scene)
        good = {action: (CASES[path][0], fill(CASES[path][1], named)) for action, path in _cases_by_operation().items()}
        statuses: Counter[int] = Counter()
        wrong = [
            failure
            for found in api.get_all_operations()
            for failure in _failures(found.ok(), tokens, named, good, statuses)
        ]
    assert not wrong, "\n\n".join(wrong)
    # It went through every door: what is good, what is not, what is not there, and what is somebody else's.
    assert {200, 201, 400, 401, 403, 404, 422} <= statuses.keys(), statuses


def _sent(case: Any, headers: dict[str, str]) -> Response:
    """Send what was made up by Django's own client, which stays within the test's transaction, and return the answer."""
    asked = requests.Request(**case.as_transport_kwargs(base_url="http://testserver", headers=headers)).prepare()
    body = asked.body.encode() if isinstance(asked.body, str) else asked.body or b""
    kind = asked.headers.pop("Content-Type", "application/octet-stream")
    address = urlsplit(str(asked.url))
    given = {
        name: value if isinstance(value, str) else value.decode("latin-1") for name, value in asked.headers.items()
    }
    client = Client(raise_request_exception=False)
    found = client.generic(
        str(asked.method), address.path, body, content_type=kind, headers=given, QUERY_STRING=address.query
    )
    content = b"".join(found.streaming_content) if found.streaming else found.content
    named = {name.lower(): [value] for name, value in found.headers.items()}
    return Response(found.status_code, named, content, asked, 0.0, verify=False)


def _failures(
    operation: Any,
    tokens: dict[str, str | None],
    named: dict[str, Any],
    good: dict[str, tuple[str, Any]],
    statuses: Counter[int],
) -> list[str]:
    """Return what is wrong with the answers of an operation, each once."""
    name = operation.definition.raw["operationId"]
    wrong: dict[str, str] = {}
    strategies = [
        operation.as_strategy(generation_mode=mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    ]

    @HOW
    @given(
        case=st.one_of(strategies), who=st.sampled_from(sorted(tokens)), is_real=st.booleans(), is_good=st.booleans()
    )
    def ask(case: Any, who: str, is_real: bool, is_good: bool) -> None:
        if is_real:
            case.path_parameters = _real(name, case.path_parameters, named)
        if is_good and name in good:
            who, case.body = good[name]
        headers = {"Accept-Language": "en"}
        if (token := tokens.get(who)) is not None:
            headers["Authorization"] = f"Bearer {token}"
        with undone():
            response = _sent(case, headers)
            statuses[response.status_code] += 1
            try:
                case.validate_response(response, checks=CHECKS)
            except BaseExceptionGroup as group:
                for error in group.exceptions:
                    wrong.setdefault(str(error)[:120], f"{name} as {who}: {error}\n{response.text[:500]}")

    try:
        ask()
    except Exception as error:  # what cannot be sent, or generated
        wrong["broken"] = f"{name}: {type(error).__name__}: {error}"[:2_000]
    return list(wrong.values())


def _real(name: str, parameters: Any, named: dict[str, Any]) -> dict[str, Any]:
    """Return parameters of a path that lead somewhere, where such are known."""
    places = PLACES | OF_OPERATION.get(name, {})
    found = {key: named.get(places.get(key, key), value) for key, value in (parameters or {}).items()}
    return {key: value if isinstance(value, int) else str(value) for key, value in found.items()}

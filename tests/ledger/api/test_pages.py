"""The pages about the API: every operation and every code has its place."""

import ast
import hashlib
import html
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils.module_loading import import_string

from config.run import BASE_DIR
from ledger.api.catalogue import FRAMEWORK, known_problems, type_of
from ledger.errors import DomainError

ENGLISH = {"accept-language": "en"}


def page(path: str) -> str:
    answer = Client().get(path, headers=ENGLISH)
    assert answer.status_code == 200, path
    assert "unsafe-inline" not in answer["content-security-policy"]
    return answer.content.decode()


def test_every_code_has_a_page_that_says_what_to_do(db: None) -> None:
    listed = page("/api/problems/")
    for code, known in known_problems().items():
        assert f"/api/problems/{code}" in listed
        said = page(type_of(code))
        assert code in said
        assert "What to do" in said
        assert known.advice
    assert Client().get("/api/problems/nothing").status_code == 404


def test_the_catalogue_has_every_error_of_the_tree_and_advice_is_for_codes_that_are_there() -> None:
    def tree(base: type[DomainError]) -> set[str]:
        return {base.code, *(code for each in base.__subclasses__() for code in tree(each))}

    assert tree(DomainError) - {"refused"} <= known_problems().keys()
    advised = {code for path in settings.PROBLEM_ADVICE for code in import_string(path)}
    assert advised <= known_problems().keys()


def test_every_code_that_the_api_writes_itself_is_in_the_catalogue() -> None:
    written = re.compile(r"""problem\(\s*(?:\d+|status),\s*"(\w+)\"""")
    found = {
        code
        for folder in ("ledger", "trading", "config")
        for path in (BASE_DIR / folder).rglob("*.py")
        for code in written.findall(Path(path).read_text(encoding="utf-8"))
    }
    assert found >= {"internal_error", "not_found", "database_out_of_reach", "invalid_input"}
    assert found <= known_problems().keys()
    assert FRAMEWORK.keys() <= known_problems().keys()


def test_a_problem_leads_to_its_page(db: None) -> None:
    problem = Client().get("/api/v1/me", headers=ENGLISH).json()
    assert problem["type"].endswith("/api/problems/not_authenticated")
    assert "tokens" in page(problem["type"])


def test_every_operation_is_in_the_reference(db: None, api_schema: dict[str, Any]) -> None:
    index = page("/api/docs/")
    pages = {tag["name"]: page(f"/api/docs/{tag['name']}") for tag in api_schema["tags"]}
    for path, methods in api_schema["paths"].items():
        for operation in methods.values():
            tag = operation["tags"][0]
            assert f"/api/docs/{tag}#{operation['operationId']}" in index, path
            assert f'id="{operation["operationId"]}"' in pages[tag]
    assert "<script" not in re.sub(r'<script type="module" src="[^"]+"></script>', "", index)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("idempotency_key_reused retire", "retire_credits"),
        ("/markets/{symbol}/book", "get_book"),
        ("TAPE", "list_market_trades"),
    ],
)
def test_the_reference_is_searched(db: None, text: str, found: str) -> None:
    assert f"#{found}" in Client().get("/api/docs/", {"q": text}, headers=ENGLISH).content.decode()


def test_an_example_runs_as_it_is_printed_once_the_server_and_the_token_are_set(db: None) -> None:
    assert "export TIANHUI=http://testserver" in page("/api/docs/")
    said = html.unescape(page("/api/docs/accounts"))
    assert 'curl "$TIANHUI/api/v1/accounts/$account_id/serials"' in said
    assert 'client.get(f"/accounts/{account_id}/serials")' in said
    log, documents = (html.unescape(page(f"/api/docs/{subject}")) for subject in ("log", "documents"))
    assert 'client.get("/log/consistency", first=1, second=1)' in log
    assert "client.upload(f\"/projects/{code}/documents\", 'contract.pdf'" in documents
    for code in re.findall(r"<code>(client\..*?)</code>", log + documents, re.DOTALL):
        ast.parse(html.unescape(code))


def test_a_search_that_finds_nothing_says_so_and_what_was_typed_is_kept(db: None) -> None:
    said = Client().get("/api/docs/", {"q": '"><script>x'}, headers=ENGLISH).content.decode()
    assert "Nothing has all of these words" in said
    assert "<script>x" not in said
    assert "&lt;script&gt;x" in said


def test_the_frame_is_in_the_readers_language(db: None) -> None:
    chinese = Client().get("/api/docs/markets", headers={"accept-language": "zh-hans"}).content.decode()
    assert 'lang="zh-Hans"' in chinese


def test_the_client_is_handed_out_with_its_hash(db: None) -> None:
    answer = Client().get("/api/client.py")
    digest = hashlib.sha256(answer.content).hexdigest()
    assert Client().get("/api/client.py.sha256").content.decode() == f"{digest}  tianhui_client.py\n"
    assert digest in page("/api/docs/")
    again = Client().get("/api/client.py", headers={"if-none-match": answer["etag"]})
    assert again.status_code == 304

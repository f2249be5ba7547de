"""The OpenAPI schema: complete, named, and the one in docs/openapi.yaml."""

from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver
from django.utils import translation
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.validation import validate_schema

from config.run import BASE_DIR

REGENERATE = "make schema"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    with translation.override("en"):
        made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


def operations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, one) for path, methods in schema["paths"].items() for method, one in methods.items()]


def test_the_schema_is_valid_and_nothing_was_guessed(schema: dict[str, Any]) -> None:
    validate_schema(schema)
    assert not GENERATOR_STATS


def test_the_schema_in_the_repository_is_fresh(schema: dict[str, Any]) -> None:
    made = OpenApiYamlRenderer().render(schema, renderer_context={}).decode()
    assert (BASE_DIR / "docs" / "openapi.yaml").read_text(encoding="utf-8") == made, f"{REGENERATE} writes it anew"


def test_every_address_is_in_the_schema(schema: dict[str, Any]) -> None:
    resolvers = [one for one in get_resolver().url_patterns if str(one.pattern) == "api/v1/"]
    count = sum(len(resolver.url_patterns) for resolver in resolvers)
    assert len([path for path in schema["paths"] if path.startswith("/api/v1/")]) == count


def test_every_operation_says_what_it_is_and_how_it_refuses(schema: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in schema["tags"]}
    for path, method, one in operations(schema):
        if not path.startswith("/api/v1/"):
            continue
        assert one["summary"], path
        assert one["description"], path
        assert set(one["tags"]) <= tags, path
        refusals = {status: answer for status, answer in one["responses"].items() if status >= "400"}
        assert refusals, path
        for answer in refusals.values():
            assert answer["content"].keys() == {"application/problem+json"}, path
            assert answer["description"].startswith("- `"), path
        if method == "post":
            assert "400" in refusals, path
        if "{" in path:
            assert "404" in refusals, path


def test_enumerations_have_names_of_their_own(schema: dict[str, Any]) -> None:
    enumerations = [name for name, part in schema["components"]["schemas"].items() if "enum" in part]
    assert all(not name.endswith("Enum") for name in enumerations), enumerations


def test_the_schema_and_its_pages_are_served(db: None) -> None:
    assert Client().get("/api/schema/").status_code == 200
    page = Client().get("/api/docs/")
    assert page.status_code == 200
    assert "unsafe-inline" not in page["content-security-policy"]

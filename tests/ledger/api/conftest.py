"""What tests of the API share."""

from typing import Any

import pytest
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator


@pytest.fixture(scope="package")
def api_schema() -> dict[str, Any]:
    """Return the OpenAPI schema, in English."""
    with translation.override("en"):
        made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made

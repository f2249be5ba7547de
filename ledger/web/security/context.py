"""What every page says of how it is guarded."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def safety(_request: HttpRequest) -> dict[str, Any]:
    """Return whether the product runs without second factors, which every page then says."""
    return {"without_second_factors": not settings.SECOND_FACTOR_REQUIRED}

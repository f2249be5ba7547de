"""Every page of the desk, found in its own table of addresses."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db import models
from django.urls import URLPattern, URLResolver, reverse

REGISTRY = admin.site._registry
MODELS = list(REGISTRY)


def model_pages(model: type[models.Model], patterns: list[Any]) -> Iterator[tuple[str, str]]:
    """Yield name and address of each page of a model, about its first row where it is about one."""
    row = model._default_manager.order_by("pk").first()
    assert row is not None, f"no {model.__name__} in the season"
    for pattern in patterns:
        arguments = [row.pk] if pattern.pattern.converters else []
        yield pattern.name, reverse(f"admin:{pattern.name}", args=arguments)


def pages() -> list[tuple[str, str]]:
    """Return name and address of every page of the site, found in its own table of addresses."""
    found: list[tuple[str, str]] = []
    by_route = {f"{model._meta.app_label}/{model._meta.model_name}/": model for model in MODELS}
    for pattern in admin.site.get_urls():
        if isinstance(pattern, URLResolver):
            found += model_pages(by_route[str(pattern.pattern)], pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name:
            found.append((pattern.name, reverse(f"admin:{pattern.name}")))
    return found


def stock_pages() -> list[str]:
    """Return the addresses at which Django's admin would write, or help to."""
    found = ["/admin/autocomplete/", "/admin/r/1/1/", "/admin/ledger/", "/admin/auth/group/", "/admin/auth/user/"]
    for model in MODELS:
        row = model._default_manager.order_by("pk").first()
        assert row is not None
        listed = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        found += [f"{listed}add/", f"{listed}{row.pk}/delete/", f"{listed}{row.pk}/history/"]
    return found


def walked() -> list[tuple[str, str]]:
    """Return all but the log-in and the log-out: to log in and out writes the session, and who is in is led to the desk."""
    return [page for page in pages() if page[0] not in ("login", "logout")]

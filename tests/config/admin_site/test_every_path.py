"""Whoever is not of the operator changes nothing at the desk on any path, and who reads changes nothing either."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from ledger.models import Organisation, User
from tests.config.admin_site.walking import MODELS, REGISTRY, pages, stock_pages, walked
from tests.desk import client_of
from tests.factories import PASSWORD
from tests.scenes import People


def fingerprint() -> dict[str, tuple[str, int]]:
    """Return a checksum and the number of rows of every table, all but sessions and the time of the last log-in."""
    found = {}
    row = "md5((to_jsonb(each) - 'last_login')::text)"
    with connection.cursor() as cursor:
        for table in sorted(set(connection.introspection.table_names()) - {"django_session"}):
            cursor.execute(f"SELECT md5(string_agg({row}, '' ORDER BY {row})), count(*) FROM {table} each")
            found[table] = cursor.fetchone()
    return found


def payload() -> dict[str, Any]:
    """Return what every form of the site could want at once, all of it valid."""
    organisation = Organisation.objects.filter(kind=Organisation.Kind.BUYER).first()
    assert organisation is not None
    rows = [str(row.pk) for row in User.objects.all()]
    return {
        "reason": "plausible",
        "bank_reference": "plausible-1",
        "organisation": organisation.pk,
        "amount_fen": "12.34",
        "username": "nobody",
        "role": "viewer",
        "status": "approved",
        "name": "another",
        "old_password": PASSWORD,
        "new_password1": "a-quite-different-1",
        "new_password2": "a-quite-different-1",
        "action": "delete_selected",
        "_selected_action": rows,
        "select_across": "1",
        "index": "0",
        "post": "yes",
        "_save": "Save",
    }


def is_action(name: str) -> bool:
    return any(
        name == f"{model._meta.app_label}_{model._meta.model_name}_{action.name}"
        for model, model_admin in REGISTRY.items()
        for action in (*model_admin.object_actions, *model_admin.list_actions)  # type: ignore[attr-defined]
    )


# What an auditor may read of a page's address, but not at it: the step's own page.
def expected_of_auditor(name: str) -> int:
    return 403 if is_action(name) else 200


def read(answer: Any) -> bytes:
    """Return the whole of an answer: what is streamed is done only while it is read."""
    content: bytes = answer.getvalue()
    return content


@pytest.mark.parametrize("is_superuser", [False, True])
def test_auditor_changes_nothing_on_any_path(season: People, is_superuser: bool) -> None:
    auditor = season.auditor.user
    auditor.set_password(PASSWORD)
    auditor.is_superuser = is_superuser
    auditor.save()
    client = client_of(season.auditor)
    before, wanted, walk = fingerprint(), payload(), walked()
    assert len(walk) > 3 * len(MODELS) + 14
    for name, address in walk:
        answer = client.get(address)
        assert (answer.status_code, len(read(answer)) > 0) == (expected_of_auditor(name), True), address
        # What answers GET makes the whole page once more for HEAD: for whom Django holds to be allowed everything.
        if is_superuser:
            assert client.head(address).status_code == expected_of_auditor(name), address
        for method in (client.post, client.put, client.patch, client.delete):
            assert method(address, wanted).status_code == 403, address
    for address in stock_pages():
        assert client.get(address).status_code == 404, address
        assert client.post(address, wanted).status_code == 403, address
    assert client.get(reverse("admin:login"))["Location"] == "/admin/"
    assert client.post(reverse("admin:login"), {"username": auditor.username, "password": "x"})["Location"] == "/admin/"
    assert client.post(reverse("admin:logout")).status_code in (200, 302)
    assert fingerprint() == before


def test_the_walk_has_every_kind_of_page(season: People) -> None:
    names = {name for name, _address in walked()}
    own = {"index", "reconcile", "reconcile_progress", "trial_balance", "trial_balance_export", "jsi18n"}
    assert own < names
    for model in MODELS:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        assert {f"{name}_changelist", f"{name}_change", f"{name}_export"} < names


@pytest.mark.parametrize("kind", ["cooperative", "buyer", "verifier"])
def test_people_of_others_get_nothing_on_any_path(kind: str, season: People) -> None:
    client = client_of(getattr(season, kind))
    before, wanted = fingerprint(), payload()
    for _name, address in walked():
        assert client.get(address).status_code == 403, address
        for method in (client.post, client.put, client.patch, client.delete):
            assert method(address, wanted).status_code == 403, address
    assert fingerprint() == before


def test_strangers_get_nothing_on_any_path_but_the_log_in(season: People) -> None:
    client = Client()
    before = fingerprint()
    for _name, address in walked():
        for method in (client.get, client.post, client.put, client.patch, client.delete):
            answer = method(address)
            assert (answer.status_code, answer["Location"]) == (302, f"/admin/login/?next={address}"), address
    assert fingerprint() == before


def test_the_fingerprint_sees_a_change(season: People) -> None:
    before = fingerprint()
    waiting = Organisation.objects.get(status=Organisation.Status.APPLIED)
    client_of(season.registrar).post(reverse("admin:ledger_organisation_approve", args=[waiting.pk]))
    after = fingerprint()
    assert {table for table in after if after[table] != before[table]} == {
        "ledger_organisation",
        "ledger_record",
        "ledger_unsequencedrecord",
    }


def test_reading_the_whole_desk_changes_nothing_for_the_operator_either(season: People) -> None:
    client = client_of(season.registrar)
    before = fingerprint()
    for name, address in pages():
        if name not in ("login", "logout"):
            answer = client.get(address)
            assert answer.status_code in (200, 403), address
            read(answer)
    assert fingerprint() == before

"""What is on the pages of the desk, and what never is."""

from typing import Any

from django.urls import reverse

from ledger.admin.base import ViewOnlyAdmin
from tests.config.admin_site.walking import REGISTRY, pages
from tests.desk import client_of
from tests.factories import PASSWORD
from tests.scenes import People


def test_auditor_is_offered_no_step(season: People) -> None:
    client = client_of(season.auditor)
    for name, address in pages():
        if name.startswith(("ledger_", "trading_")) and name.endswith(("_change", "_changelist")):
            assert client.get(address).context["offered"] == [], address


def test_no_model_can_be_edited_and_none_is_outside_the_rooms(rf: Any, who: People) -> None:
    request = rf.get("/admin/")
    request.user, request.session = who.registrar.user, client_of(who.registrar).session
    for model_admin in REGISTRY.values():
        assert isinstance(model_admin, ViewOnlyAdmin)
        assert model_admin.get_model_perms(request) == {"add": False, "change": False, "delete": False, "view": True}
        assert not model_admin.get_actions(request)


def test_nothing_in_the_pages_runs_inline(season: People) -> None:
    client = client_of(season.registrar)
    for name, address in pages():
        answer = client.get(address)
        if answer["Content-Type"].startswith("text/html"):
            text = answer.content.decode()
            assert "<script>" not in text, name
            assert "script-src" not in answer["Content-Security-Policy"]
            assert "default-src 'self'" in answer["Content-Security-Policy"]


def test_passwords_and_secrets_are_on_no_page(season: People) -> None:
    client = client_of(season.auditor)
    user = season.buyer.user
    user.set_password(PASSWORD)
    user.save()
    text = client.get(reverse("admin:ledger_user_change", args=[user.pk])).content.decode()
    assert user.password not in text
    assert "token_hash" not in client.get(reverse("admin:ledger_apitoken_changelist")).content.decode()

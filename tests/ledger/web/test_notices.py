"""The bell, the list of notices, and how one chooses to be told."""

import pytest
from django.utils import timezone

from ledger.models import Notice, NoticeSettings
from ledger.notices.rules import Telling, Told
from ledger.notices.telling import tell
from tests.factories import UserFactory
from tests.http_server import http_server
from tests.strength import weak_login

ENGLISH = {"accept-language": "en"}


def tell_of(member, kind="organisation_approved", **said):
    tell([Telling(kind, Told(member.organisation_id), {"name": "A", "id": 1} | said, timezone.now())])
    return Notice.objects.filter(person=member.user).latest("pk")


def test_visitors_have_no_bell_and_no_notices(client, db):
    assert b'class="button button--quiet button--small bell"' not in client.get("/proof").content
    for address in ("/notices", "/notices/preferences", "/notices/1"):
        assert client.get(address)["Location"] == f"/login?next={address}"
    assert client.post("/notices/read", {"up_to": "1"}).status_code == 302


def test_the_bell_counts_what_is_unread_without_a_query_of_its_own(client, who, django_assert_num_queries):
    client.force_login(who.buyer.user)
    page = client.get("/proof", headers=ENGLISH).content.decode()
    assert "bell__count" not in page
    assert "bell" in page
    for _each in range(3):
        tell_of(who.buyer)
    page = client.get("/proof", headers=ENGLISH).content.decode()
    assert '<span class="bell__count" aria-hidden="true">3</span>' in page
    assert "Notices: 3 unread" in page
    Notice.objects.bulk_create(
        [Notice(person=who.buyer.user, kind="gone", group="money", created_at=timezone.now()) for _each in range(120)]
    )
    assert ">99+</span>" in client.get("/proof", headers=ENGLISH).content.decode()


def test_somebody_of_no_organisation_has_a_bell_too(client, db):
    user = UserFactory()
    Notice.objects.create(person=user, kind="security_event", group="security", created_at=timezone.now())
    client.force_login(user)
    assert '">1</span>' in client.get("/proof").content.decode()
    assert client.get("/notices").status_code == client.get("/notices/preferences").status_code == 200


def test_the_list_is_narrowed_and_read_one_by_one_or_all_at_once(client, who, django_assert_num_queries):
    client.force_login(who.buyer.user)
    assert "You have not been told anything yet" in client.get("/notices", headers=ENGLISH).content.decode()
    first, second = tell_of(who.buyer), tell_of(who.buyer, "deposit_confirmed", amount_fen=123_400, reference="B1")
    tell_of(who.other_buyer, name="OTHERS")
    with django_assert_num_queries(5):
        page = client.get("/notices", headers=ENGLISH).content.decode()
    assert "¥1,234.00 have come in" in page
    assert "A is approved" in page
    assert "OTHERS" not in page
    assert "A is approved" not in client.get("/notices?about=money", headers=ENGLISH).content.decode()
    assert client.post("/notices/read", {"notice": first.pk}).status_code == 302
    page = client.get("/notices?state=unread", headers=ENGLISH).content.decode()
    assert "A is approved" not in page
    assert "1,234.00" in page
    late = tell_of(who.buyer)
    client.post("/notices/read", {"up_to": second.pk})
    unread = Notice.objects.filter(person=who.buyer.user, read_at=None)
    assert list(unread) == [late], "what has come since is not read"
    assert client.get("/notices?about=nonsense&page=x").status_code == 200


def test_a_notice_leads_where_it_belongs_and_is_read_then(client, who):
    notice = tell_of(who.buyer)
    client.force_login(who.buyer.user)
    assert client.get(f"/notices/{notice.pk}")["Location"] == "/work"
    notice.refresh_from_db()
    assert notice.read_at is not None


@pytest.mark.parametrize("name", ["other_buyer", "registrar", "auditor", "cooperative"])
def test_nobody_reads_what_another_was_told(client, who, name):
    notice = tell_of(who.buyer)
    client.force_login(getattr(who, name).user)
    assert client.get(f"/notices/{notice.pk}").status_code == 404
    assert client.post("/notices/read", {"notice": notice.pk}).status_code == 404
    client.post("/notices/read", {"up_to": 2**60})
    notice.refresh_from_db()
    assert notice.read_at is None


@pytest.mark.parametrize("given", [{}, {"notice": "x"}, {"up_to": "-1"}, {"up_to": "9" * 40}, {"notice": "٣"}])
def test_nonsense_is_not_found(client, who, given):
    client.force_login(who.buyer.user)
    assert client.post("/notices/read", given).status_code == 404


def test_without_the_second_factor_that_one_needs_nothing_is_read(client, who):
    notice = tell_of(who.registrar, name="SECRET")
    weak_login(client, who.registrar.user)
    for address in ("/notices", f"/notices/{notice.pk}", "/notices/preferences"):
        assert client.get(address).status_code == 302
    assert b"bell__count" not in client.get("/proof").content
    notice.refresh_from_db()
    assert notice.read_at is None


def test_names_are_escaped(client, who):
    tell_of(who.buyer, name="<script>alert(1)</script>")
    client.force_login(who.buyer.user)
    assert b"<script>alert(1)" not in client.get("/notices").content


def test_one_chooses_how_one_is_told(client, who):
    client.force_login(who.cooperative.user)
    page = client.get("/notices/preferences", headers=ENGLISH)
    assert page.context["form"]["digest"].value() == "weekly"
    given = {
        "in_app": ["security", "registry", "credits", "money"],
        "email_groups": ["money", "desk"],
        "digest": "daily",
        "pace": "at_once",
        "language": "en",
        "quiet_from": "22:00",
        "quiet_until": "07:00",
    }
    assert client.post("/notices/preferences", given).status_code == 302
    chosen = NoticeSettings.objects.get(person=who.cooperative.user)
    assert (chosen.digest, chosen.pace, chosen.language) == ("daily", "at_once", "en")
    assert "money" in chosen.email_groups
    assert "credits" not in chosen.email_groups
    assert sorted(chosen.muted_groups) == ["markets", "trading"]
    assert str(chosen.quiet_from) == "22:00:00"
    page = client.get("/notices/preferences").content.decode()
    assert 'name="email_groups" value="money" checked' in page
    assert 'name="email_groups" value="credits" checked' not in page
    assert 'name="sms_groups"' not in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"digest": "hourly"},
        {"pace": "hourly"},
        {"language": "xx"},
        {"quiet_from": "25:00"},
        {"quiet_from": "22:00", "quiet_until": ""},
        {"email_groups": ["nonsense"]},
        {"sms_groups": ["money"]},
        {"email_groups": ["\x00"]},
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(client, who, wrong):
    client.force_login(who.buyer.user)
    given = {"digest": "off", "language": "en", "quiet_from": "", "quiet_until": ""} | wrong
    response = client.post("/notices/preferences", given)
    if "sms_groups" in wrong:
        assert response.status_code == 302, "the box is not there where there is no gateway"
        assert NoticeSettings.objects.get().sms_groups == []
        return
    assert response.status_code == 422
    assert not NoticeSettings.objects.exists()


def test_a_phone_is_confirmed_on_the_page(client, who, settings):
    client.force_login(who.buyer.user)
    assert client.post("/notices/phone", {"phone": "13800138000"}).status_code == 422
    with http_server() as inbox:
        settings.SMS_GATEWAY, settings.SMS_GATEWAY_URL = "ledger.notices.sms.HttpGateway", inbox.url()
        response = client.post("/notices/phone", {"phone": "nonsense"}, headers=ENGLISH)
        assert response.status_code == 422
        assert "Give a mobile number" in response.content.decode()
        assert client.post("/notices/phone", {"phone": "13800138000"}).status_code == 302
        page = client.get("/notices/preferences", headers=ENGLISH).content.decode()
        assert "Confirm the number" in page
        assert client.post("/notices/phone", {"code": "no"}).status_code == 422

"""Digests and deadlines: at the right time in China, once each."""

import datetime as dt

import pytest
from django.utils import timezone

from ledger.models import DigestSent, Message, Notice, NoticeSettings
from ledger.notices.deadlines import tell_deadlines
from ledger.notices.digests import write_digests
from ledger.notices.keeping import sweep_notices
from ledger.notices.models import Group
from ledger.notices.rules import Telling, Told
from ledger.notices.telling import tell
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory
from tests.mail_server import verify
from tests.racing import race
from tests.scenes import issue_to_cooperative, offer_credits, report_year


def in_china(text):
    return timezone.make_aware(dt.datetime.fromisoformat(text))


MONDAY = in_china("2026-11-30T08:00")


def happened(member, at, kind="organisation_approved", **said):
    tell([Telling(kind, Told(member.organisation_id), {"name": "A"} | said, at)])
    Message.objects.all().delete()


def written_to(**more):
    person = MembershipFactory(**more)
    verify(person.user, f"{person.pk}@example.cn")
    return person


@pytest.fixture
def cooperative(db):
    return written_to(organisation__kind="cooperative")


def test_a_cooperative_has_its_digest_on_monday_at_eight_in_china(cooperative):
    happened(cooperative, MONDAY - dt.timedelta(days=2))
    assert write_digests(MONDAY - dt.timedelta(seconds=1)) == 0
    assert write_digests(MONDAY) == 1
    assert write_digests(MONDAY + dt.timedelta(minutes=10)) == 0
    assert write_digests(MONDAY + dt.timedelta(days=6, hours=23)) == 0
    message = Message.objects.get()
    assert message.notice is None
    assert "2026-11-30" in message.subject


def test_it_tells_what_was_sold_what_is_due_and_what_has_changed(who, settings):
    settings.PUBLIC_URL = "https://registry.example.cn"
    user = who.cooperative.user
    verify(user, "coop@example.cn")
    NoticeSettings.objects.create(person=user, digest="weekly", language="en")
    at = MONDAY - dt.timedelta(days=1)
    happened(who.cooperative, at, "trades", symbol="A", sold_t=30, sold_fen=120_000, trades=2)
    happened(who.cooperative, at + dt.timedelta(hours=1), "trades", symbol="A", sold_t=5, sold_fen=21_000, trades=1)
    happened(who.cooperative, at, name="<b>上湖</b>")
    happened(who.cooperative, MONDAY - dt.timedelta(days=8), name="LAST WEEK")
    project = ProjectFactory(
        proponent=who.cooperative.organisation, crediting_ends_on=(MONDAY + dt.timedelta(days=60)).date()
    )
    assert write_digests(MONDAY) == 1
    message = Message.objects.get()
    assert "Sold: 35 t for ¥1,410.00" in message.body
    assert f"The crediting period of {project.name_en} ends on 2027-01-29" in message.body
    assert "<b>上湖</b> is approved" in message.body
    assert "<b>" not in message.html
    assert "&lt;b&gt;" in message.html
    assert "LAST WEEK" not in message.body


def test_where_there_is_nothing_nothing_comes(cooperative):
    assert write_digests(MONDAY) == 0
    assert DigestSent.objects.count() == 1


def test_others_have_one_only_where_they_have_chosen_it(db):
    buyer = written_to()
    happened(buyer, MONDAY - dt.timedelta(hours=3))
    assert write_digests(MONDAY) == 0
    NoticeSettings.objects.create(person=buyer.user, digest="daily")
    assert write_digests(MONDAY) == 1
    happened(buyer, MONDAY + dt.timedelta(hours=3))
    assert write_digests(MONDAY + dt.timedelta(days=1)) == 1
    NoticeSettings.objects.update(digest="off")
    happened(buyer, MONDAY + dt.timedelta(days=1, hours=3))
    assert write_digests(MONDAY + dt.timedelta(days=2)) == 0


def test_one_that_was_missed_is_made_up_for_within_two_days(cooperative):
    happened(cooperative, MONDAY - dt.timedelta(days=2))
    assert write_digests(MONDAY + dt.timedelta(days=2)) == 0
    assert write_digests(MONDAY + dt.timedelta(days=1)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_write_one():
    member = written_to(organisation__kind="cooperative")
    happened(member, MONDAY - dt.timedelta(days=1))
    assert sorted(race(lambda: write_digests(MONDAY), lambda: write_digests(MONDAY))) == [0, 1]
    assert Message.objects.count() == 1


def test_a_digest_takes_as_many_queries_for_many_people(db, django_assert_max_num_queries):
    for _each in range(6):
        member = written_to(organisation__kind="cooperative")
        happened(member, MONDAY - dt.timedelta(days=1))
    with django_assert_max_num_queries(22):
        assert write_digests(MONDAY) == 6


# Deadlines


def test_the_step_of_a_report_is_told_to_whose_it_is_before_it_is_due_and_after(who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project)
    report = report_year(who, project)
    since = report.status_since
    assert tell_deadlines(since) == 0
    assert tell_deadlines(since + dt.timedelta(days=3)) == 1
    assert tell_deadlines(since + dt.timedelta(days=4)) == 0, "once each"
    assert tell_deadlines(since + dt.timedelta(days=7)) == 1
    kinds = Notice.objects.filter(person=who.verifier.user, group=Group.REGISTRY).values_list("kind", flat=True)
    assert sorted(kinds) == ["report_due", "report_overdue"]
    assert Notice.objects.exclude(person=who.verifier.user).count() == 0


def test_an_offer_that_ends_soon_is_told_to_who_decides(who):
    transfer = offer_credits(who.cooperative, who.buyer, issue_to_cooperative(who, 100), 10)
    assert tell_deadlines(transfer.expires_at - dt.timedelta(days=3)) == 0
    assert tell_deadlines(transfer.expires_at - dt.timedelta(days=1)) == 1
    assert Notice.objects.get().person == who.buyer.user


def test_what_is_old_goes(cooperative):
    now = timezone.now()
    tell([Telling("organisation_approved", Told(cooperative.organisation_id), {"name": "A"}, now)])
    tell([Telling("organisation_approved", Told(cooperative.organisation_id), {"name": "B"}, now)])
    first = Notice.objects.earliest("pk")
    Notice.objects.filter(pk=first.pk).update(created_at=now - dt.timedelta(days=366))
    Message.objects.filter(notice=first).update(created_at=now - dt.timedelta(days=91))
    sweep_notices()
    assert Notice.objects.get().parameters == {"name": "B"}
    assert Message.objects.count() == 1

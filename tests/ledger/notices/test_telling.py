"""Notices follow the log: who is told what, once, and in few queries."""

import datetime as dt

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from ledger.credits.transfers.services import accept_transfer
from ledger.journal.corrections import confirm_correction, request_correction
from ledger.journal.payments import confirm_payment, refuse_payment, request_deposit, request_withdrawal
from ledger.models import LogFollower, Membership, Message, Notice, NoticeSettings, Project, Transaction
from ledger.notices.kinds import NoticeKind, all_kinds
from ledger.notices.models import Group
from ledger.notices.rules import Telling, Told
from ledger.notices.telling import tell, tell_what_is_recorded
from ledger.notices.words import say, words_of
from ledger.parties.services import add_member, apply_for_organisation, approve_organisation
from ledger.projects.services import register_project
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.services import NewRecord, append_records
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory, UserFactory
from tests.mail_server import verify
from tests.racing import race
from tests.scenes import (
    accepted,
    answer,
    find,
    hand_in,
    issue_to_cooperative,
    market_for,
    offer_block,
    offer_credits,
    pay_in,
    report_loss,
    report_year,
    sell,
    validate,
)


def followed():
    sequence_log()
    return tell_what_is_recorded()


def told(member):
    """Return the kinds of what somebody was told, in order, since the last time this was asked."""
    user = member.user if isinstance(member, Membership) else member
    notices = list(Notice.objects.filter(person=user, read_at=None).order_by("pk"))
    Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(read_at=timezone.now())
    return [notice.kind for notice in notices]


def titles(member, language="en"):
    with translation.override(language):
        return [say(notice).title for notice in Notice.objects.filter(person=member.user).order_by("pk")]


@pytest.fixture
def all_read(who):
    followed()
    Notice.objects.update(read_at=timezone.now())
    return who


def test_an_organisation_and_the_registrars_are_told_of_an_application_and_its_approval(all_read):
    who, applicant = all_read, UserFactory()
    organisation = apply_for_organisation(user=applicant, kind="cooperative", name="上湖合作社")
    followed()
    assert told(who.registrar) == ["organisation_applied"]
    assert told(who.treasurer) == told(applicant) == []
    approve_organisation(actor=who.registrar, organisation_id=organisation.pk)
    followed()
    assert told(applicant) == ["organisation_approved"]
    assert told(who.registrar) == []


def test_who_joins_is_told_and_so_are_the_owners(all_read):
    who, newcomer = all_read, UserFactory()
    second = MembershipFactory(organisation=who.buyer.organisation)
    followed()
    told(second), told(who.buyer)
    add_member(actor=who.buyer, user=newcomer, role="viewer")
    followed()
    assert told(newcomer) == ["member_added_self"]
    assert told(second) == ["member_added"]
    assert told(who.buyer) == [], "whoever did it knows it"


def test_a_project_is_followed_by_whose_turn_it_is(all_read):
    who = all_read
    project = ProjectFactory(proponent=who.cooperative.organisation, status=Project.Status.DRAFT)
    ParcelFactory(project=project)
    hand_in(who.cooperative, project)
    followed()
    assert told(who.verifier) == ["project_submitted"]
    validate(who.verifier, project)
    followed()
    assert told(who.cooperative) == ["project_accepted", "project_validated"]
    assert told(who.registrar) == ["project_to_register"]
    register_project(actor=who.registrar, project_id=project.pk)
    followed()
    assert told(who.cooperative) == ["project_registered"]
    assert told(who.verifier) == ["project_registered_verifier"]
    assert told(who.buyer) == told(who.auditor) == []
    said = [title for title in titles(who.cooperative) if "registered as" in title]
    assert said == [f"Your project {project.name_en} is registered as {project.code}"]


def test_a_report_and_its_findings_are_followed(all_read):
    who = all_read
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project)
    followed(), told(who.verifier), told(who.cooperative)
    report = accepted(who, report_year(who, project))
    finding = find(who, report)
    followed()
    assert told(who.verifier) == ["report_assigned"]
    assert sorted(told(who.cooperative)) == ["finding_opened", "report_accepted"]
    answer(who, finding)
    followed()
    assert told(who.verifier) == ["finding_answered"]
    notice = Notice.objects.get(kind="finding_opened")
    assert say(notice).address == f"/projects/{project.code}/reports/{report.pk}"
    with translation.override("en"):
        assert say(notice).title == f"Finding 1 on the report 2020 of {project.name_en}"


def test_issuance_transfers_and_losses_are_told(all_read):
    who = all_read
    batch = issue_to_cooperative(who, 100)
    transfer = offer_credits(who.cooperative, who.buyer, batch, 10)
    followed()
    assert "batch_issued" in told(who.cooperative)
    assert told(who.buyer) == ["credit_transfer_offered"]
    accept_transfer(actor=who.buyer, public_id=transfer.public_id)
    followed()
    assert told(who.cooperative) == ["credit_transfer_accepted"]
    told(who.registrar)
    report_loss(who.verifier, batch.project, 5, cause="over_issuance")
    followed()
    assert told(who.cooperative) == ["reversal_reported_proponent"]
    assert told(who.registrar) == ["reversal_reported"]


def test_money_is_told_of_to_whose_it_is_and_to_who_must_confirm_it(all_read):
    who = all_read
    payment = request_deposit(
        actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=123_456, bank_reference="B1"
    )
    followed()
    assert (told(who.treasurer), told(who.second_treasurer)) == ([], ["payment_requested"])
    confirm_payment(actor=who.second_treasurer, payment_id=payment.pk)
    followed()
    assert told(who.buyer) == ["deposit_confirmed"]
    assert "¥1,234.56 have come in" in titles(who.buyer)
    viewer = MembershipFactory(organisation=who.buyer.organisation, role="viewer")
    withdrawal = request_withdrawal(actor=who.buyer, amount_fen=100)
    refuse_payment(actor=who.second_treasurer, payment_id=withdrawal.pk)
    followed()
    assert told(viewer) == ["withdrawal_requested", "withdrawal_refused"]


def test_a_correction_is_told_to_whose_account_it_touches(all_read):
    who = all_read
    pay_in(who, who.buyer, 1_000)
    deposit = Transaction.objects.get(kind="deposit")
    correction = request_correction(actor=who.treasurer, transaction_id=deposit.pk, reason="Twice")
    confirm_correction(actor=who.second_treasurer, correction_id=correction.pk)
    followed()
    assert "transaction_corrected" in told(who.buyer)
    assert told(who.other_buyer) == []


def test_trades_of_a_minute_are_one_notice(all_read):
    who = all_read
    sell_some(who)
    followed()
    seller, buyer = (Notice.objects.get(person=each.user, kind="trades") for each in (who.cooperative, who.buyer))
    assert seller.parameters["trades"] == buyer.parameters["trades"] == 3
    assert seller.parameters["sold_t"] == buyer.parameters["bought_t"] == 18
    with translation.override("en"):
        assert say(seller).title.endswith(": sold 18 t at ¥40.00")
        assert say(buyer).title.endswith(": bought 18 t at ¥40.00")


def sell_some(who):
    batch = issue_to_cooperative(who, 100)
    market = market_for(who, batch)
    pay_in(who, who.buyer, 10_000_000)
    sell(who, market, 10, 5, 3)
    return market


def test_what_comes_later_in_the_minute_is_added_and_unread_again(who):
    person = Told(who.buyer.organisation_id)
    now = timezone.now()

    def trade(**amounts):
        said = {"symbol": "A", **amounts}
        return tell([Telling("trades", person, said, now, "", "trades:1:1:m")])

    assert trade(bought_t=5, bought_fen=500, trades=1) == 1
    Notice.objects.update(read_at=now)
    assert trade(bought_t=7, bought_fen=770, trades=1) == 0
    notice = Notice.objects.get()
    assert notice.parameters == {"symbol": "A", "bought_t": 12, "bought_fen": 1_270, "trades": 2}
    assert notice.read_at is None


def test_a_block_is_told_to_the_other_side_alone(all_read):
    who = all_read
    batch = issue_to_cooperative(who, 100)
    market = market_for(who, batch)
    followed(), told(who.buyer)
    pay_in(who, who.buyer, 10_000_000)
    followed(), told(who.cooperative), told(who.buyer)
    offer_block(who.buyer, who.cooperative, market, "b1")
    followed()
    assert told(who.cooperative) == ["block_offered"]
    assert told(who.buyer) == told(who.other_buyer) == []


def test_a_kind_that_nobody_knows_yet_is_told_in_general_words(all_read):
    who = all_read
    said = {"user": str(who.buyer.user.public_id), "organisation": str(who.buyer.organisation.public_id)}
    with transaction.atomic():
        append_records(
            [
                NewRecord("security_something_new", said, f"user:{who.buyer.user.public_id}", timezone.now()),
                NewRecord("member_something_new", said, "system", timezone.now()),
                NewRecord("security_broken", {"user": "nobody"}, "system", timezone.now()),
            ]
        )
    followed()
    assert sorted(told(who.buyer)) == ["member_changed", "security_event"]
    assert "Something has changed about your account" in titles(who.buyer)


def test_nothing_is_told_twice_and_nothing_left_out_where_a_worker_fails(all_read, monkeypatch):
    who = all_read
    payment = request_deposit(
        actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=5, bank_reference="B1"
    )
    confirm_payment(actor=who.second_treasurer, payment_id=payment.pk)
    sequence_log()
    place = LogFollower.objects.get(pk="notices").next_index
    monkeypatch.setattr("ledger.notices.telling._send", _die)
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        tell_what_is_recorded()
    monkeypatch.undo()
    assert LogFollower.objects.get(pk="notices").next_index == place
    assert told(who.buyer) == []
    tell_what_is_recorded(), tell_what_is_recorded()
    assert told(who.buyer) == ["deposit_confirmed"]


def _die(*_arguments):
    raise KeyboardInterrupt


@pytest.mark.django_db(transaction=True)
def test_two_that_tell_at_once_tell_once():
    member = MembershipFactory()
    telling = Telling("trades", Told(member.organisation_id), {"bought_t": 1}, timezone.now(), "", "k")
    outcomes = race(lambda: tell([telling]), lambda: tell([telling]))
    assert sorted(outcomes) == [0, 1]
    assert Notice.objects.get().parameters == {"bought_t": 2}


def test_who_has_left_is_told_nothing_more(all_read):
    who = all_read
    user = who.buyer.user
    user.is_active = False
    user.save()
    pay_in(who, who.buyer, 100)
    followed()
    assert told(user) == []


def test_it_takes_as_many_queries_for_many_records_as_for_few(all_read):
    who = all_read

    def queries(count):
        for _turn in range(count):
            pay_in(who, who.buyer, 100)
        sequence_log()
        with CaptureQueriesContext(connection) as captured:
            tell_what_is_recorded()
        return len(captured)

    queries(1)
    assert queries(1) == queries(12)


def test_preferences_are_respected(all_read):
    who = all_read
    user = who.buyer.user
    verify(user, "buyer@example.cn")
    NoticeSettings.objects.create(person=user, email_groups=[], muted_groups=[Group.MONEY])
    pay_in(who, who.buyer, 100)
    withdrawal = request_withdrawal(actor=who.buyer, amount_fen=50)
    refuse_payment(actor=who.second_treasurer, payment_id=withdrawal.pk)
    followed()
    assert told(who.buyer) == ["withdrawal_refused"], "a warning is never muted, what is for information is"
    assert Message.objects.count() == 0
    NoticeSettings.objects.update(email_groups=[Group.MONEY], muted_groups=[])
    pay_in(who, who.buyer, 100)
    followed()
    message = Message.objects.get()
    assert (message.person, message.notice.kind, message.channel) == (user, "deposit_confirmed", "email")


def test_what_was_missed_long_ago_is_in_the_app_but_not_sent(who):
    verify(who.buyer.user, "buyer@example.cn")
    old = timezone.now() - dt.timedelta(days=3)
    tell([Telling("organisation_approved", Told(who.buyer.organisation_id), {"name": "A"}, old)])
    assert Notice.objects.count() == 1
    assert Message.objects.count() == 0


def test_every_kind_has_words_in_both_languages_that_never_fail():
    for kind in all_kinds():
        assert isinstance(kind, NoticeKind)
        for language in ("en", "zh-hans"):
            with translation.override(language):
                assert words_of(kind.title, {}) or "%(" in str(kind.title)
                words_of(kind.text, {})


def test_a_notice_of_a_kind_that_has_gone_is_shown_all_the_same():
    said = say(Notice(kind="gone_with_the_wind", parameters={}))
    assert (said.title, said.address) == ("gone with the wind", "")

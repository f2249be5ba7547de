"""What an entry is proposed to be, why, and when nobody may be guessed."""

import pytest

from ledger.journal.bank.matching import Step, propose
from ledger.journal.bank.models import BankEntry
from ledger.journal.bank.naming import Directory, Reason
from ledger.journal.bank.selectors import open_entries
from ledger.journal.bank.services import import_statement
from ledger.journal.payments import confirm_payment, request_deposit, request_withdrawal
from ledger.models import Organisation
from tests.factories import MembershipFactory, OrganisationFactory
from tests.scenes import give_bank_accounts, pay_in
from tests.statements import camt, entry, period

HAIYU, RONGZHOU = "海屿纸业有限公司", "榕舟航运（福建）有限公司"
CODE = "91350200MA2HAY8X0K"


@pytest.fixture
def haiyu(who):
    return MembershipFactory(organisation__name=HAIYU, organisation__credit_code=CODE)


@pytest.fixture
def rongzhou(who):
    return MembershipFactory(organisation__name=RONGZHOU)


def proposals(who, *entries, **options):
    """Import a statement, and return what its entries are proposed to be, in their order."""
    statement = import_statement(actor=who.treasurer, content=camt(*entries, **options))
    found = propose(open_entries().filter(statement=statement))
    return [found.get(each.pk) for each in statement.entries.order_by("id")]


def told(found):
    """Return organisation and reasons of each proposal, and whether one is accepted without asking."""
    return [(each.organisation.name, each.reasons) for each in found.found], found.unambiguous is not None


@pytest.mark.parametrize(
    ("name", "text", "reasons", "is_sure"),
    [
        (HAIYU, "入金", (Reason.NAME,), True),
        (f" {HAIYU[:4]} {HAIYU[4:]} ", "入金", (Reason.NAME,), True),
        ("王海", f"代付 {CODE}", (Reason.CREDIT_CODE,), True),
        ("王海", f"代付{CODE.lower()}款", (Reason.CREDIT_CODE,), True),
        (HAIYU, CODE, (Reason.CREDIT_CODE, Reason.NAME), True),
        ("王海", f"购买碳信用，{HAIYU}", (Reason.NAME_WITHIN,), False),
        (f"{HAIYU}厦门分公司", "", (Reason.NAME_WITHIN,), False),
        # A code within a longer run of letters and digits is another number.
        ("王海", f"X{CODE}", None, False),
        ("王海", "纸业", None, False),
        ("", "", None, False),
    ],
)
def test_an_organisation_is_proposed_by_what_names_it(who, haiyu, name, text, reasons, is_sure):
    (found,) = proposals(who, entry("R1", "5", name=name, text=text))
    assert told(found) == ([(HAIYU, reasons)] if reasons else [], is_sure)
    assert {each.step for each in found.found} <= {Step.ENTER_DEPOSIT}


@pytest.mark.parametrize("write", [str, lambda public_id: public_id.hex, lambda public_id: str(public_id).upper()])
def test_an_organisation_is_proposed_by_its_public_code(who, haiyu, write):
    written = write(haiyu.organisation.public_id)
    for found in proposals(who, entry("R1", "5", text=written), entry("R2", "5", text=f"编号:{written}入金")):
        assert told(found) == ([(HAIYU, (Reason.PUBLIC_ID,))], True)
    (longer,) = proposals(who, entry("R3", "5", text=f"0{written}"))
    assert longer.found == ()


def test_brackets_and_letters_in_full_width_do_not_matter(who, rongzhou):
    (found,) = proposals(who, entry("R1", "5", name="榕舟航运(福建)有限公司"))
    assert told(found) == ([(RONGZHOU, (Reason.NAME,))], True)


def test_the_code_of_a_party_in_camt_is_read(who):
    rongzhou = MembershipFactory(organisation__name="榕舟航运", organisation__credit_code="91350100MA2RZH0Y3K")
    party = f"<Pty><Nm>某人</Nm><Id><OrgId><Othr><Id>{rongzhou.organisation.credit_code}</Id></Othr></OrgId></Id></Pty>"
    (found,) = proposals(who, entry("R1", "5", name="X").replace("<Pty><Nm>X</Nm></Pty>", party))
    assert told(found) == ([("榕舟航运", (Reason.CREDIT_CODE,))], True)


def test_between_two_organisations_nobody_is_guessed(who, haiyu, rongzhou):
    (found,) = proposals(who, entry("R1", "5", name=RONGZHOU, text=f"代 {CODE} 支付"))
    # The surest is first, and still a treasurer decides.
    assert told(found) == ([(HAIYU, (Reason.CREDIT_CODE,)), (RONGZHOU, (Reason.NAME,))], False)


def test_a_code_that_two_organisations_have_given_decides_nothing(who, haiyu):
    twin = OrganisationFactory(credit_code=CODE)
    (found,) = proposals(who, entry("R1", "5", text=CODE))
    assert {each.organisation for each in found.found} == {haiyu.organisation, twin}
    assert found.unambiguous is None


def test_a_name_within_a_longer_name_is_not_meant(who, haiyu):
    longer = OrganisationFactory(name=f"福建{HAIYU}")
    (exact, within) = proposals(who, entry("R1", "5", name=longer.name), entry("R2", "5", text=f"{longer.name}入金"))
    assert told(exact) == ([(longer.name, (Reason.NAME,))], True)
    assert told(within) == ([(longer.name, (Reason.NAME_WITHIN,))], False)


def test_names_that_overlap_are_both_seen(who):
    first, second = OrganisationFactory(name="东海海屿"), OrganisationFactory(name="海屿纸业")
    (found,) = proposals(who, entry("R1", "5", text="东海海屿纸业"))
    assert {each.organisation for each in found.found} == {first, second}


def test_organisations_without_money_here_are_not_proposed(who):
    (found,) = proposals(who, entry("R1", "5", name=who.verifier.organisation.name))
    assert found.found == ()


def test_a_suspended_organisation_is_shown_so_that_nobody_else_is_taken_for_it(who, haiyu, rongzhou):
    Organisation.objects.filter(pk=haiyu.organisation_id).update(status=Organisation.Status.SUSPENDED)
    (found,) = proposals(who, entry("R1", "5", name=RONGZHOU, text=CODE))
    assert [each.organisation.name for each in found.found] == [HAIYU, RONGZHOU]


# By reference


def test_a_payment_with_the_same_reference_is_linked(who, haiyu):
    deposit = request_deposit(actor=who.treasurer, organisation=haiyu.organisation, amount_fen=500, bank_reference="R1")
    for_same, for_other = proposals(who, entry("R1", "5", name=HAIYU), entry("R1", "6", name=HAIYU))
    assert [(each.step, each.payment, each.reasons) for each in for_same.found] == [
        (Step.LINK_PAYMENT, deposit, (Reason.REFERENCE, Reason.NAME))
    ]
    assert for_same.unambiguous is not None
    assert [each.step for each in for_other.found] == [Step.ENTER_DEPOSIT]


def test_a_posted_withdrawal_is_linked_by_its_reference(who, haiyu):
    pay_in(who, haiyu, 1_000)
    give_bank_accounts(who, haiyu)
    payment = request_withdrawal(actor=haiyu, amount_fen=500)
    confirm_payment(actor=who.treasurer, payment_id=payment.pk, bank_reference="OUT1")
    (found,) = proposals(who, entry("OUT1", "5", "DBIT"))
    assert [(each.step, each.payment) for each in found.found] == [(Step.LINK_PAYMENT, payment)]
    assert found.unambiguous is not None


def test_a_payment_of_one_whom_the_entry_does_not_name_is_not_linked_without_asking(who, haiyu, rongzhou):
    request_deposit(actor=who.treasurer, organisation=haiyu.organisation, amount_fen=500, bank_reference="R1")
    (found,) = proposals(who, entry("R1", "5", name=RONGZHOU))
    assert told(found) == ([(HAIYU, (Reason.REFERENCE,))], False)


# Withdrawals


@pytest.fixture
def asked(who, haiyu, rongzhou):
    """Return a withdrawal of 5 yuan of each of two organisations."""
    give_bank_accounts(who, haiyu, rongzhou)
    for owner in (haiyu, rongzhou):
        pay_in(who, owner, 10_000)
    return [request_withdrawal(actor=owner, amount_fen=500) for owner in (haiyu, rongzhou)]


def test_the_withdrawal_of_the_counterparty_is_proposed(who, asked):
    (found,) = proposals(who, entry("OUT1", "5", "DBIT", name=HAIYU))
    assert [(each.step, each.payment, each.reasons) for each in found.found] == [
        (Step.CONFIRM_WITHDRAWAL, asked[0], (Reason.NAME, Reason.AMOUNT))
    ]
    assert found.unambiguous is not None


@pytest.mark.parametrize(
    ("yuan", "name", "text", "count"),
    [
        ("5.01", HAIYU, "", 0),
        ("5", "王海", "", 0),
        # Paid to somebody else than the text says.
        ("5", "王海", CODE, 1),
        ("5", RONGZHOU, CODE, 2),
        # Nobody is named: either may be meant.
        ("5", "", "出金", 2),
    ],
)
def test_a_withdrawal_is_not_confirmed_without_asking_where_there_is_doubt(who, asked, yuan, name, text, count):
    (found,) = proposals(who, entry("OUT1", yuan, "DBIT", name=name, text=text))
    assert (len(found.found), found.unambiguous) == (count, None)


def test_two_withdrawals_alike_are_told_apart_by_a_treasurer(who, haiyu, asked):
    request_withdrawal(actor=haiyu, amount_fen=500)
    (found,) = proposals(who, entry("OUT1", "5", "DBIT", name=HAIYU))
    assert (len(found.found), found.unambiguous) == (2, None)


def test_a_withdrawal_that_two_entries_could_be_is_not_confirmed_without_asking(who, asked):
    before = period("2026-06-10", "2026-06-10")
    proposals(who, entry("OUT1", "5", "DBIT", name=HAIYU, day="2026-06-10"), period=before)
    (found,) = proposals(who, entry("OUT2", "5", "DBIT", name=HAIYU))
    assert (len(found.found), found.unambiguous) == (1, None)


# Reversals


def test_what_the_bank_takes_back_is_not_accepted_without_asking(who, haiyu):
    reversal = entry("R9", "5", "DBIT", more="<RvslInd>true</RvslInd>").replace("Cdtr>", "Dbtr>")
    reversal = reversal.replace("<Nm></Nm>", f"<Nm>{HAIYU}</Nm>")
    taken, other, itself = proposals(who, entry("R1", "5", name=HAIYU), entry("R2", "6", name=HAIYU), reversal)
    assert (taken.is_taken_back, taken.unambiguous, len(taken.found)) == (True, None, 1)
    assert (other.is_taken_back, other.unambiguous is not None) == (False, True)
    assert itself is None


# As a whole


def test_entries_that_are_settled_are_not_proposed_anything(who, haiyu):
    (found,) = proposals(who, entry("R1", "5", name=HAIYU))
    BankEntry.objects.update(status="ignored", reason="x")
    assert propose(BankEntry.objects.select_related("statement", "payment")) == {}
    assert found.entry.bank_reference == "R1"


@pytest.mark.parametrize("count", [2, 200])
def test_many_entries_take_no_more_queries(who, haiyu, asked, count, django_assert_num_queries):
    entries = [entry(f"R{number}", "5", name=HAIYU, text=CODE) for number in range(count)]
    entries += [entry(f"OUT{number}", "5", "DBIT", name=RONGZHOU) for number in range(count)]
    import_statement(actor=who.treasurer, content=camt(*entries))
    with django_assert_num_queries(6):
        found = propose(open_entries())
        assert len(found) == 2 * count
        assert {each.found[0].organisation.name for each in found.values()} == {HAIYU, RONGZHOU}


def test_a_long_text_of_names_is_read_quickly(who, haiyu):
    organisations = [Organisation(pk=number, name=f"海屿{'海' * number}") for number in range(1, 100)]
    bank_entry = BankEntry(text="海屿" + "海" * 3_900)
    assert len(Directory(organisations).named_in(bank_entry)) == 1

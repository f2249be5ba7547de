"""The whole life of a serial number: every step, to whom its holders are named, and what it costs to find."""

import pytest
from django.utils import timezone

from ledger.credits import trace as tracing
from ledger.credits.reading import find_serial
from ledger.credits.services import issue_credits, retire_credits
from ledger.credits.trace import trace
from ledger.errors import NoSerialNumber, NotFound, SerialNumberElsewhere, UnknownSerialNumber
from ledger.journal.paths import path_of
from ledger.journal.services import Leg, Posting, open_account, post_transactions
from ledger.models import Transfer
from ledger.projects.services import add_parcel, create_project, register_project
from ledger.transparency.sequencer import sequence_log
from tests.factories import CREDITING, PRACTICES, SETTINGS, square
from tests.scenes import approved, hand_in, issue_to_cooperative, market_for, pay_in, validate
from trading.execution.services import execute_market
from trading.orders.services import NewOrder, place_order


def grown(who, *, fields=2):
    """Issue credits the whole way, by the services of every step."""
    project = create_project(
        actor=who.cooperative,
        name="稻田",
        place="福建",
        province_code="35",
        methodology="rice-water-1",
        settings=SETTINGS,
        crediting_starts_on=CREDITING[0],
        crediting_ends_on=CREDITING[1],
    )
    for at in range(fields):
        add_parcel(
            actor=who.cooperative,
            project_id=project.pk,
            code=f"田-{at}",
            geometry=square(at),
            practices=PRACTICES,
        )
    hand_in(who.cooperative, project)
    validate(who.verifier, project, statement="The fields are there.")
    register_project(actor=who.registrar, project_id=project.pk)
    report = approved(who, project)
    return issue_credits(actor=who.registrar, report_id=report.pk)


def sell(who, batch, *, seller, buyer, tonnes, name, market):
    for actor, side in ((seller, "sell"), (buyer, "buy")):
        order = NewOrder(f"{name}-{side}", side, 4_000, tonnes)
        place_order(actor=actor, market_id=market.pk, order=order)
    execute_market(market.pk)


@pytest.fixture
def travelled(who):
    """A tonne that was sold to a buyer, by it to another, and retired by that one in public; serial number 1."""
    batch = grown(who)
    market = market_for(who, batch)
    pay_in(who, who.buyer, 10_000_000)
    pay_in(who, who.other_buyer, 10_000_000)
    sell(who, batch, seller=who.cooperative, buyer=who.buyer, tonnes=5, name="a", market=market)
    sell(who, batch, seller=who.buyer, buyer=who.other_buyer, tonnes=3, name="b", market=market)
    retire_credits(actor=who.other_buyer, batch_id=batch.pk, quantity_t=2, beneficiary_name="榕江公司", purpose="event")
    sequence_log()
    return batch


def test_every_step_from_the_field_to_the_retirement_is_there_with_its_place_in_the_log(who, travelled):
    found = trace(1)
    assert [step.kind for step in found.steps] == [
        "project_created",
        "project_submitted",
        "project_validated",
        "project_registered",
        "report_submitted",
        "report_verified",
        "report_approved",
        "batch_issued",
    ]
    assert [move.kind for move in found.moves] == ["issuance", "settlement", "settlement", "retirement"]
    assert [move.quantity_t for move in found.moves[1:]] == [5, 3, 2]
    assert [move.price_fen for move in found.moves] == [None, 4_000, 4_000, None]
    assert [field.parcel.code for field in found.fields] == ["田-0", "田-1"]
    places = [
        *(step.place for step in found.steps[:1]),
        *(field.place for field in found.fields),
        *(step.place for step in found.steps[1:7]),
        found.moves[0].place,
        found.steps[7].place,
        *(move.place for move in found.moves[1:]),
        found.moves[3].use.place,
    ]
    indexes = [place.log_index for place in places]
    assert indexes == sorted(set(indexes))
    times = [step.at for step in found.steps] + [move.at for move in found.moves[1:]]
    assert times == sorted(times)
    assert (found.holder.purpose, found.next_after) == ("retired", None)
    assert found.written == f"{travelled.asset.code}-000000000001"


def names(found):
    """Return who is named as giver or receiver of each move."""
    return [
        (
            move.giver.organisation and move.giver.organisation.pk,
            move.receiver.organisation and move.receiver.organisation.pk,
        )
        for move in found.moves
    ]


def test_holders_are_named_to_themselves_and_to_those_who_read_everything(who, travelled):
    coop, buyer, other = (one.organisation_id for one in (who.cooperative, who.buyer, who.other_buyer))
    public = [(None, coop), (coop, None), (None, None), (None, None)]
    everything = [(None, coop), (coop, buyer), (buyer, other), (other, None)]
    for viewer, seen in [
        (None, public),
        (who.cooperative, public),
        (who.verifier, public),
        (who.buyer, [(None, coop), (coop, buyer), (buyer, None), (None, None)]),
        (who.other_buyer, [(None, coop), (coop, None), (None, other), (other, None)]),
        (who.registrar, everything),
        (who.treasurer, everything),
        (who.auditor, everything),
    ]:
        assert names(trace(1, viewer=viewer)) == seen


def test_the_one_who_holds_a_tonne_now_is_named_as_its_moves_are(who, travelled):
    held = 4
    for viewer, named in [(None, None), (who.other_buyer, None), (who.buyer, who.buyer), (who.auditor, who.buyer)]:
        holder = trace(held, viewer=viewer).holder
        assert (holder.purpose, holder.organisation) == ("holding", named and named.organisation)
    still_grown = trace(6)
    assert still_grown.holder.organisation == who.cooperative.organisation


def test_a_public_retirement_names_who_retired_and_for_whom(who, travelled):
    use = trace(1).moves[-1].use
    assert (use.beneficiary, use.organisation, use.purpose) == ("榕江公司", who.other_buyer.organisation, "event")


def test_a_hidden_retirement_names_nobody_to_others(who, travelled):
    retire_credits(
        actor=who.other_buyer,
        batch_id=travelled.pk,
        quantity_t=1,
        beneficiary_name="隐名公司",
        purpose="event",
        is_beneficiary_public=False,
    )
    own = ("隐名公司", who.other_buyer.organisation)
    for viewer, seen in [
        (None, (None, None)),
        (who.cooperative, (None, None)),
        (who.buyer, (None, None)),
        (who.verifier, (None, None)),
        (who.other_buyer, own),
        (who.registrar, own),
        (who.auditor, own),
    ]:
        use = trace(3, viewer=viewer).moves[-1].use
        assert (use.beneficiary, use.organisation) == seen


def test_a_tonne_of_the_buffer_pool_is_followed_there(who):
    batch = issue_to_cooperative(who, 100, buffer_t=10)
    found = trace(batch.serials.upper - 1)
    assert [(move.kind, move.receiver.purpose) for move in found.moves] == [("issuance", "buffer")]
    assert found.holder.purpose == "buffer"


def test_a_trace_takes_as_many_queries_however_long_the_life_was(who, travelled, django_assert_num_queries):
    for viewer in (None, who.auditor):
        for serial, queries in ((1, 10), (4, 9), (6, 9)):  # retirements are asked for where there are any
            with django_assert_num_queries(queries):
                trace(serial, viewer=viewer)


def swap(accounts, times):
    """Send the only tonne of a batch to and fro."""
    for at in range(times):
        giver, receiver = accounts[at % 2], accounts[1 - at % 2]
        key = f"trade:{receiver}-{at}"
        legs = [Leg(giver, receiver, 1)]
        post_transactions([Posting("settlement", legs, "system", timezone.now(), idempotency_key=key)])


def test_a_long_life_is_read_in_parts(who, monkeypatch):
    monkeypatch.setattr(tracing, "MOVES_SHOWN", 4)
    batch = issue_to_cooperative(who, 1)
    accounts = [
        open_account(organisation=one.organisation, asset=batch.asset).pk for one in (who.cooperative, who.buyer)
    ]
    swap(accounts, 9)
    serial, after, parts = batch.serials.lower, None, []
    while True:
        found = trace(serial, after=after)
        parts.append([move.transfer_id for move in found.moves])
        after = found.next_after
        if after is None:
            break
    assert [len(part) for part in parts] == [4, 4, 2]
    assert [pk for part in parts for pk in part] == list(Transfer.objects.order_by("pk").values_list("pk", flat=True))
    assert trace(serial, after=parts[-1][-1]).moves == []


def test_a_transfer_that_moved_other_numbers_is_nothing_to_go_on_after(who, travelled):
    cash = Transfer.objects.filter(serials=None).latest("pk")
    other = Transfer.objects.filter(transaction=travelled.transaction).get()
    retired = Transfer.objects.latest("pk")
    for serial, after in [(1, cash.pk), (6, retired.pk), (1, 2**63 - 1), (other.serials[0].upper, other.pk)]:
        with pytest.raises((NotFound, UnknownSerialNumber)):
            trace(serial, after=after)


def test_the_next_step_is_found_in_the_order_of_the_index(who, travelled, django_assert_num_queries):
    with django_assert_num_queries(2):
        path = path_of(1, issued_by_id=travelled.transaction_id, after_id=None, most=2)
    assert ([transfer.transaction.kind for transfer in path.transfers], path.goes_on) == (
        ["issuance", "settlement"],
        True,
    )


def test_a_number_is_read_as_people_write_it(who):
    batch = issue_to_cooperative(who, 10)
    code, first, last = batch.asset.code, batch.serials.lower, batch.serials.upper - 1
    for text in (
        str(first),
        f" {first} ",
        f"{first:012d}",
        f"{first}-{last}",
        f"{first} – {last}",
        f"{code}-{first:012d}",
        f"{code}-{first:012d}-{last:012d}",
        f"{code.lower()}-{first}",
        str(first).translate({ord(str(digit)): "０１２３４５６７８９"[digit] for digit in range(10)}),
    ):
        assert find_serial(text) == first, text


@pytest.mark.parametrize(
    "text",
    ["", " ", "x", "0", "000", "-5", "1.5", "1e3", "5 6", "²x", "TH-35-000001-2022", "1-2-3", "\x00", "9" * 41, "٣٤x"],
)
def test_what_is_no_serial_number_is_refused(db, text):
    with pytest.raises(NoSerialNumber):
        find_serial(text)


@pytest.mark.parametrize("serial", [11, 10**12, 2**63 - 1, 2**63, 10**39])
def test_a_number_that_was_never_issued_is_unknown(who, serial):
    issue_to_cooperative(who, 10)
    with pytest.raises(UnknownSerialNumber) as refused:
        find_serial(str(serial))
    assert refused.value.params == {"serial": serial, "highest": 10}


def test_a_number_of_another_batch_is_refused_with_its_own(who):
    first, second = issue_to_cooperative(who, 10), issue_to_cooperative(who, 10)
    with pytest.raises(SerialNumberElsewhere) as refused:
        find_serial(f"{first.asset.code}-{second.serials.lower:012d}")
    assert refused.value.params["batch"] == second.asset.code


def test_before_the_first_issuance_nothing_is_known(db):
    with pytest.raises(UnknownSerialNumber) as refused:
        trace(1)
    assert refused.value.params == {"serial": 1, "highest": 0}

import re

import pytest

from ledger.credits.services import retire_credits
from ledger.models import Record
from ledger.transparency.keys import log_signer
from ledger.transparency.sequencer import sequence_log
from tests.desk import client_of
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.orders.services import NewOrder, place_order


@pytest.fixture
def batch(who):
    return issue_to_cooperative(who, 100, buffer_t=10)


@pytest.fixture
def sold(who, batch):
    """Serial numbers 1 to 9 were sold to the buyer, 1 and 2 retired by it."""
    market = market_for(who, batch)
    pay_in(who, who.buyer, 1_000_000)
    for actor, side in ((who.cooperative, "sell"), (who.buyer, "buy")):
        place_order(actor=actor, market_id=market.pk, order=NewOrder(side, side, 4_000, 9))
    execute_market(market.pk)
    retire_credits(actor=who.buyer, batch_id=batch.pk, quantity_t=2, beneficiary_name="榕江公司", purpose="event")
    sequence_log()
    return batch


def life(client, serial):
    """Return the text of a tonne's page, without its frame."""
    page = client.get(f"/trace/{serial}", headers={"accept-language": "en"}).content.decode()
    main = re.search(r"<main.*</main>", page, re.DOTALL).group()
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def test_a_number_leads_to_its_life_and_each_step_to_its_proof(client, who, sold):
    page = client.get("/trace/3")
    lines = page.context["issue_lines"] + page.context["move_lines"]
    assert [line.kind for line in lines] == ["batch_issued", "issuance", "settlement"]
    for line in lines:
        assert line.check_url == f"/proof/records/{line.place.record_id}"
        assert line.check_url in page.content.decode()
        assert client.get(line.check_url).status_code == 200
    retired = client.get("/trace/1").context["move_lines"][-1]
    assert re.fullmatch(r"/retirements/[0-9a-f-]+/check", retired.check_url)
    assert client.get(retired.check_url).status_code == 200


def test_a_life_is_told_in_plain_words(client, who, sold):
    told = life(client, 1)
    for said in (
        "This tonne went to " + str(who.cooperative.organisation.name_en),
        f"From {who.cooperative.organisation.name_en} to a holder who is not named here.",
        "9 t in one trade, at ¥40.00 a tonne.",
        "Retired for good, with 2 t in all",
        "In the name of 榕江公司.",
        f"By {who.buyer.organisation.name_en}.",
    ):
        assert said in told, said


@pytest.mark.parametrize("slash", ["", "/"])
def test_addresses_hold_with_a_slash_and_without(client, who, sold, slash):
    assert client.get(f"/trace{slash}").status_code == 200
    assert client.get(f"/trace/5{slash}").status_code == 200


def test_who_held_a_tonne_is_told_to_those_who_may_know(client, who, sold):
    name = who.buyer.organisation.name_en
    for person, is_named in [
        (who.cooperative, False),
        (who.other_buyer, False),
        (who.verifier, False),
        (who.buyer, True),
        (who.registrar, True),
        (who.treasurer, True),
        (who.auditor, True),
    ]:
        assert (f"held by {name}" in life(client_of(person), 5)) is is_named
    assert "held by a holder who is not named here" in life(client, 5)
    assert name not in life(client, 5)
    assert f"held by {who.cooperative.organisation.name_en}" in life(client, 10)


def test_the_buffer_pool_is_told_of(client, who, batch):
    assert "This tonne went into the buffer pool" in life(client, 100)


def test_the_field_leads_to_the_number(client, who, batch):
    written = f"{batch.asset.code}-{7:012d}"
    for text in ("7", " 7 ", written, f"{written}-{9:012d}"):
        answer = client.get("/trace", {"serial": text})
        assert (answer.status_code, answer["Location"]) == (302, "/trace/7")
    assert client.get(f"/trace/{written}").context["trace"].serial == 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0", "no serial number"),
        ("-1", "no serial number"),
        ("abc", "no serial number"),
        ("101", "the highest one that was issued is 100"),
        ("9" * 40, "the highest one that was issued is 100"),
        ("9" * 5_000, "no serial number"),
        ("TH-99-000001-2022-000000000001", "it is of TH-"),
        ("%00", "no serial number"),
        ("<b>", "no serial number"),
    ],
)
def test_what_is_not_found_is_said_beside_the_field(client, who, batch, text, said):
    page = client.get(f"/trace/{text}", headers={"accept-language": "en"})
    assert page.status_code == 404
    assert said in page.content.decode()
    if len(text) <= 100:
        refused = client.get("/trace", {"serial": text}, headers={"accept-language": "en"})
        assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["serial"])


@pytest.mark.parametrize("text", ["", " ", "x" * 101, "\x00"])
def test_an_empty_or_endless_field_is_refused(client, db, text):
    assert client.get("/trace", {"serial": text}).status_code == 422


@pytest.mark.parametrize("after", ["", "x", "-1", "0", "9" * 19, "9" * 5_000, "٣"])
def test_a_place_to_go_on_from_that_is_none_is_not_found(client, who, batch, after):
    assert client.get("/trace/1", {"after": after}).status_code == 404


def test_a_long_life_is_shown_in_parts(client, who, sold, monkeypatch):
    monkeypatch.setattr("ledger.credits.trace.MOVES_SHOWN", 2)
    first = client.get("/trace/1")
    after = first.context["trace"].next_after
    assert f"?after={after}" in first.content.decode()
    rest = client.get("/trace/1", {"after": after})
    assert [line.kind for line in rest.context["move_lines"]] == ["retirement"]
    assert rest.context["trace"].next_after is None


def test_a_trace_asks_the_database_little(client, who, sold, django_assert_num_queries):
    for serial, queries in (("1", 11), ("5", 10), ("50", 10)):
        with django_assert_num_queries(queries):
            client.get(f"/trace/{serial}")


def test_a_record_is_checked_at_its_own_page(client, who, batch, django_assert_num_queries):
    record = Record.objects.latest("id")
    with django_assert_num_queries(1):
        page = client.get(f"/proof/records/{record.pk}")
    assert f'data-evidence="/api/v1/records/{record.pk}/evidence"' in page.content.decode()
    assert log_signer().vkey in page.content.decode()
    assert "<noscript>" in page.content.decode()


@pytest.mark.parametrize("record_id", ["0", "x", str(2**63 - 1), str(2**63), "9" * 5_000])
def test_a_record_that_is_none_is_not_found(client, db, record_id):
    assert client.get(f"/proof/records/{record_id}").status_code == 404


def test_a_certificate_is_checked_at_its_own_page(client, who, batch, django_assert_num_queries):
    retirement = retire_credits(
        actor=who.cooperative, batch_id=batch.pk, quantity_t=7, beneficiary_name="隐名公司",
        purpose="event", is_beneficiary_public=False,
    )  # fmt: skip
    address = f"/retirements/{retirement.public_id}/check"
    with django_assert_num_queries(1):
        page = client.get(address).content.decode()
    assert f'data-evidence="/api/v1/retirements/{retirement.public_id}/evidence"' in page
    assert f'data-claim="quantity_t" data-value="{retirement.quantity_t}"' in page
    assert 'data-first="1" data-last="7"' in page
    assert not re.search(r"\sstyle=|<style|<script(?! type=\"module\" src=)", page)
    for person, is_seen in [(who.buyer, False), (who.verifier, False), (who.cooperative, True), (who.auditor, True)]:
        assert ("隐名公司" in client_of(person).get(address).content.decode()) is is_seen
    assert "隐名公司" not in page


def test_pages_lead_to_the_trace(client, who, sold):
    written = f"{sold.asset.code}-{3:012d}-{90:012d}"
    assert f'href="/trace/{written}"' in client.get(f"/credits/{sold.asset.code}").content.decode()
    account = who.buyer.organisation.accounts.get(asset=sold.asset)
    statement = client_of(who.buyer).get(f"/holdings/{account.pk}").content.decode()
    assert f'href="/trace/{sold.asset.code}-{1:012d}-{9:012d}"' in statement
    assert 'href="/trace/3"' in client_of(who.auditor).get("/admin/ledger/serialblock/").content.decode()

"""Ways in which an operator could lie in the log, each told over a true log and signed again with the true key.

Each changes the records of a log, and returns the index of the record at which it must be found.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any

Record = dict[str, Any]
Log = list[Record]
Tell = Callable[[Log], int]

LIES: dict[str, tuple[str, Tell]] = {}
"""By name: what the verifier must say, and what is done to the records."""


def lie(says: str) -> Callable[[Tell], Tell]:
    """Register a lie, and what must be said of it."""

    def register(tell: Tell) -> Tell:
        LIES[tell.__name__] = (says, tell)
        return tell

    return register


def places(log: Log, kind: str, /, **body: object) -> Iterator[int]:
    """Yield the indexes of records of a kind whose body says so."""
    for at, record in enumerate(log):
        if record["kind"] == kind and all(record["body"].get(name) == value for name, value in body.items()):
            yield at


def first(log: Log, kind: str, /, **body: object) -> int:
    """Return the index of the first such record."""
    return next(places(log, kind, **body))


def posted(log: Log, kind: str) -> tuple[int, Record]:
    """Return index and body of the first transaction of a kind."""
    at = first(log, "transaction_posted", kind=kind)
    return at, log[at]["body"]


def account(log: Log, *, asset: str, purpose: str = "holding", but: tuple[str, ...] = ()) -> str:
    """Return an account for that purpose, other than some."""
    opened = (log[at]["body"] for at in places(log, "account_opened", asset=asset, purpose=purpose))
    return next(body["account"] for body in opened if body["account"] not in but)


def asset_of(log: Log, account_id: str) -> str:
    """Return what an account is in."""
    return str(log[first(log, "account_opened", account=account_id)]["body"]["asset"])


def fresh(log: Log, name: str) -> str:
    """Return a number that no record, transaction, transfer or account has yet."""
    numbers = [int(record["id"]) for record in log] if name == "id" else [0]
    for record in log:
        body = record["body"]
        for part in (body, body.get("trade", {}), *body.get("transfers", ())):
            value = part.get(name)
            numbers += [int(value)] if isinstance(value, str) and value.isdigit() else []
    return str(max(numbers) + 1)


def insert(log: Log, at: int, kind: str, body: Record) -> int:
    """Put a record in, with an id of its own, and return its index."""
    log.insert(at, copy.deepcopy(log[0]) | {"id": fresh(log, "id"), "kind": kind, "body": body})
    return at


def again(log: Log, at: int, *, renumbered: tuple[str, ...] = ("id",)) -> int:
    """Put a record in once more behind itself, with fresh numbers of some sorts, and return its index."""
    twin = copy.deepcopy(log[at])
    if "id" in renumbered:
        twin["id"] = fresh(log, "id")
    if "transaction" in renumbered:
        twin["body"]["transaction"] = fresh(log, "transaction")
        twin["body"].pop("idempotency_key", None)
    if "transfer" in renumbered:
        number = int(fresh(log, "transfer"))
        for offset, transfer in enumerate(twin["body"]["transfers"]):
            transfer["transfer"] = str(number + offset)
    log.insert(at + 1, twin)
    return at + 1


def post(log: Log, at: int, kind: str, debit: str, credit: str, amount: int, **more: object) -> int:
    """Put a transaction of one transfer in, and return its index."""
    transfer = {"transfer": fresh(log, "transfer"), "debit": debit, "credit": credit, "amount": amount}
    transfer |= {name: more.pop(name) for name in ("serials",) if name in more}
    body = {"transaction": fresh(log, "transaction"), "kind": kind, "occurred_at": log[0]["at"]}
    return insert(log, at, "transaction_posted", body | {"transfers": [transfer]} | more)


def shorten(transfer: Record) -> None:
    """Let a transfer of credits move one tonne less."""
    transfer["amount"] -= 1
    run = transfer["serials"][-1]
    run[1] = str(int(run[1]) - 1)


# Amounts


@lie(r"payment \d+ is of 10000000 fen, its transaction of 10000001 fen")
def a_deposit_of_more(log: Log) -> int:
    at, body = posted(log, "deposit")
    body["transfers"][0]["amount"] += 1
    return at + 1


@lie(r"payment \d+ is of 50000 fen, its transaction of 49999 fen")
def a_withdrawal_of_less(log: Log) -> int:
    at, body = posted(log, "withdrawal")
    body["transfers"][0]["amount"] -= 1
    return at + 1


@lie(r"transfer \d+ of 120001 fen from account \d+ to \d+ is no part of trade \d+")
def a_trade_paid_with_more(log: Log) -> int:
    at, body = posted(log, "settlement")
    body["transfers"][1]["amount"] += 1
    return at


@lie(r"transfer \d+ is of 31 t, but its serial numbers are 30")
def a_trade_with_more_tonnes_than_numbers(log: Log) -> int:
    at, body = posted(log, "settlement")
    body["transfers"][0]["amount"] += 1
    return at


@lie(r"trade \d+ is of 30 t, but 29 t were delivered")
def a_trade_delivered_short(log: Log) -> int:
    at, body = posted(log, "settlement")
    shorten(body["transfers"][0])
    return at


@lie(r"retirement [0-9a-f-]+ is of 12 t, its transaction of 11 t")
def a_retirement_that_moved_less(log: Log) -> int:
    at, body = posted(log, "retirement")
    shorten(body["transfers"][0])
    return at + 1


@lie("does not have the serial numbers of its issuance")
def an_issuance_of_more(log: Log) -> int:
    *_others, at = places(log, "transaction_posted", kind="issuance")
    transfer = log[at]["body"]["transfers"][-1]
    transfer["amount"] += 1
    run = transfer["serials"][-1]
    run[1] = str(int(run[1]) + 1)  # a number that was never drawn
    return at + 1


def _with_amount(amount: object) -> Tell:
    def tell(log: Log) -> int:
        at, body = posted(log, "transfer")
        body["transfers"][0]["amount"] = amount
        return at

    return tell


WRONG_AMOUNTS = {"nothing": 0, "less_than_nothing": -5, "text": "5", "truth": True, "null": None}
for _name, _amount in WRONG_AMOUNTS.items():
    LIES[f"an_amount_of_{_name}"] = ("its amount is not a whole number from 1", _with_amount(_amount))
LIES["an_amount_with_a_fraction"] = ("a number that is not whole", _with_amount(5.5))
LIES["an_amount_beyond_53_bits"] = ("a number beyond 2", _with_amount(2**53))


# Accounts


@lie(r"account '999999' was never opened")
def a_giver_that_does_not_exist(log: Log) -> int:
    at, body = posted(log, "transfer")
    body["transfers"][0]["debit"] = "999999"
    return at


@lie(r"account '999999' was never opened")
def a_receiver_that_does_not_exist(log: Log) -> int:
    at, body = posted(log, "deposit")
    body["transfers"][0]["credit"] = "999999"
    return at


@lie(r"account \d+ gives serial number \d+, which account \d+ owns")
def somebody_elses_credits(log: Log) -> int:
    at, body = posted(log, "transfer")
    transfer = body["transfers"][0]
    taken = (transfer["debit"], transfer["credit"])
    transfer["debit"] = account(log, asset=asset_of(log, transfer["debit"]), but=taken)
    return at


@lie(r"is no part of trade")
def a_trade_paid_by_somebody_else(log: Log) -> int:
    at, body = posted(log, "settlement")
    transfer = body["transfers"][1]
    transfer["debit"] = account(log, asset="CNY", but=(transfer["debit"], transfer["credit"]))
    return at


@lie(r"is no part of trade")
def a_trade_paid_to_somebody_else(log: Log) -> int:
    at, body = posted(log, "settlement")
    transfer = body["transfers"][1]
    transfer["credit"] = account(log, asset="CNY", but=(transfer["debit"], transfer["credit"]))
    return at


@lie(r"account \d+ is in CNY, account \d+ in TH-")
def two_assets_in_one_transfer(log: Log) -> int:
    at, body = posted(log, "deposit")
    insert(log, at, "account_opened", {"account": "999999", "asset": "TH-X", "purpose": "fees", "organisation": None})
    body["transfers"][0]["credit"] = "999999"
    return at + 1


@lie(r"transfer \d+ is from account \d+ to itself")
def a_transfer_to_oneself(log: Log) -> int:
    at, body = posted(log, "transfer")
    body["transfers"][0]["credit"] = body["transfers"][0]["debit"]
    return at


@lie(r"account \d+ gives more than it has: its balance would be -")
def money_that_is_not_there(log: Log) -> int:
    payer = account(log, asset="CNY")
    return post(log, len(log), "transfer", payer, account(log, asset="CNY", but=(payer,)), 10**12)


@lie("was never opened")
def an_account_whose_opening_is_left_out(log: Log) -> int:
    at, body = posted(log, "deposit")
    del log[first(log, "account_opened", account=body["transfers"][0]["credit"])]
    return at - 1


@lie(r"account \d+ was opened before")
def an_account_opened_twice(log: Log) -> int:
    return again(log, first(log, "account_opened"))


@lie(r"account \d+ is a second one of its holder")
def a_second_account_for_one_position(log: Log) -> int:
    at = again(log, first(log, "account_opened"))
    log[at]["body"]["account"] = fresh(log, "account")
    return at


@lie("an account's purpose is not 'pocket'")
def an_account_for_something_else(log: Log) -> int:
    at = first(log, "account_opened", purpose="holding")
    log[at]["body"]["purpose"] = "pocket"
    return at


@lie("must belong to an organisation, or to none")
def a_holding_of_nobody(log: Log) -> int:
    at = first(log, "account_opened", purpose="holding")
    log[at]["body"]["organisation"] = None
    return at


@lie(r"transfer \d+ of a transfer takes from account \d+, which is for bank")
def money_that_enters_as_a_transfer(log: Log) -> int:
    return post(log, len(log), "transfer", account(log, asset="CNY", purpose="bank"), account(log, asset="CNY"), 10**6)


@lie(r"transfer \d+ of a transfer goes to account \d+, which is for bank")
def money_that_leaves_as_a_transfer(log: Log) -> int:
    return post(log, len(log), "transfer", account(log, asset="CNY"), account(log, asset="CNY", purpose="bank"), 1)


@lie(r"transfer \d+ of a transfer goes to account \d+, which is for retired")
def a_retirement_as_a_transfer(log: Log) -> int:
    at, body = posted(log, "retirement")
    body["kind"] = "transfer"
    return at


@lie(r"transfer \d+ of a transfer takes from account \d+, which is for retired")
def credits_that_come_back_from_retirement(log: Log) -> int:
    at, body = posted(log, "retirement")
    transfer = body["transfers"][0]
    more = {"serials": transfer["serials"]}
    return post(log, at + 2, "transfer", transfer["credit"], transfer["debit"], transfer["amount"], **more)


@lie(r"goes to account \d+, which is for holding")
def a_retirement_into_a_pocket(log: Log) -> int:
    at, body = posted(log, "retirement")
    transfer = body["transfers"][0]
    taken = (transfer["debit"], transfer["credit"])
    transfer["credit"] = account(log, asset=asset_of(log, transfer["debit"]), but=taken)
    return at


# Serial numbers


@lie(r"account \d+ gives serial number \d+, which account \d+ owns")
def a_range_of_serials_shifted(log: Log) -> int:
    at, body = posted(log, "retirement")
    run = body["transfers"][0]["serials"][0]
    run[0], run[1] = str(int(run[0]) + 100), str(int(run[1]) + 100)
    return at


@lie(r"serial numbers \d+ to \d+ are not of TH-")
def serials_of_another_batch(log: Log) -> int:
    at, body = posted(log, "transfer")
    transfer = body["transfers"][0]
    batches = [log[place]["body"] for place in places(log, "batch_issued")]
    other = next(batch for batch in batches if batch["asset"] != asset_of(log, transfer["debit"]))
    start = int(other["first_serial"])
    transfer["serials"] = [[str(start), str(start + transfer["amount"] - 1)]]
    return at


@lie(r"which account \d+ owns")
def the_same_serials_twice_in_one_transfer(log: Log) -> int:
    at, body = posted(log, "cancellation")
    transfer = body["transfers"][0]
    transfer["serials"], transfer["amount"] = transfer["serials"] * 2, transfer["amount"] * 2
    return at


@lie("its serial numbers are not runs of first and last")
def a_range_of_serials_turned_round(log: Log) -> int:
    at, body = posted(log, "transfer")
    body["transfers"][0]["serials"][0].reverse()
    return at


@lie("its serial numbers are not runs of first and last")
def credits_without_serials(log: Log) -> int:
    at, body = posted(log, "transfer")
    del body["transfers"][0]["serials"]
    return at


@lie("of money has serial numbers")
def money_with_serials(log: Log) -> int:
    at, body = posted(log, "deposit")
    body["transfers"][0]["serials"] = [["1", "10000000"]]
    return at


@lie("the serial numbers listed for it have another hash")
def serials_that_are_listed_nowhere(log: Log) -> int:
    at, body = posted(log, "transfer")
    del body["transfers"][0]["serials"]
    body["transfers"][0]["serials_sha256"] = "0" * 64
    return at


@lie("no transaction moves the serial numbers that are listed for transfer 999999")
def serials_listed_for_nothing(log: Log) -> int:
    body = {"transfer": "999999", "part": 1, "parts": 1, "serials": [["1", "2"]]}
    return insert(log, 3, "serials_listed", body)


@lie("part 2 of 2 of the serial numbers of transfer 999999 is out of turn")
def a_part_of_a_list_left_out(log: Log) -> int:
    body = {"transfer": "999999", "part": 2, "parts": 2, "serials": [["1", "2"]]}
    return insert(log, 3, "serials_listed", body)


# Transfers put in and left out


@lie(r"the settlement of trade \d+ lacks a transfer of 420 fen")
def a_fee_that_is_not_paid(log: Log) -> int:
    at, body = posted(log, "settlement")
    assert body["transfers"].pop()["amount"] == 420
    return at


@lie(r"the settlement of trade \d+ lacks a transfer of 120000 fen")
def goods_that_are_not_paid(log: Log) -> int:
    at, body = posted(log, "settlement")
    del body["transfers"][1]
    return at


@lie(r"has 0 transfers of credits, not one")
def a_payment_without_goods(log: Log) -> int:
    at, body = posted(log, "settlement")
    del body["transfers"][0]
    return at


@lie(r"transfer \d+ of 1 fen from account \d+ to \d+ is no part of trade")
def a_kickback_within_a_settlement(log: Log) -> int:
    at, body = posted(log, "settlement")
    value = body["transfers"][1]
    extra = {"transfer": fresh(log, "transfer"), "debit": value["credit"], "credit": value["debit"], "amount": 1}
    body["transfers"].append(extra)
    return at


@lie("a transaction has at least one transfer")
def a_transaction_of_nothing(log: Log) -> int:
    at, body = posted(log, "transfer")
    body["transfers"] = []
    return at


@lie(r"transfer \d+ was made before")
def a_transfer_made_twice(log: Log) -> int:
    return again(log, posted(log, "deposit")[0], renumbered=("id", "transaction"))


@lie(r"transaction \d+ was posted before")
def a_transaction_posted_twice(log: Log) -> int:
    return again(log, posted(log, "deposit")[0], renumbered=("id", "transfer"))


@lie(r"record id \d+ was used before")
def a_record_told_twice(log: Log) -> int:
    return again(log, posted(log, "deposit")[0], renumbered=())


@lie(r"idempotency key '.+' was used before")
def a_key_used_twice(log: Log) -> int:
    first_at, other = posted(log, "transfer")[0], posted(log, "cancellation")[0]
    log[other]["body"]["idempotency_key"] = log[first_at]["body"]["idempotency_key"]
    return other


@lie("a transaction's kind is not 'gift'")
def a_transaction_of_no_kind(log: Log) -> int:
    at, body = posted(log, "transfer")
    body["kind"] = "gift"
    return at


# Trades


@lie(r"trade \d+ was settled before")
def a_trade_settled_twice(log: Log) -> int:
    at, body = posted(log, "settlement")
    twin = again(log, at, renumbered=("id", "transaction", "transfer"))
    # The buyer gives the goods back first, so that they could be sold once more.
    goods = body["transfers"][0]
    more = {"serials": goods["serials"]}
    post(log, twin, "transfer", goods["credit"], goods["debit"], goods["amount"], **more)
    return twin + 1


@lie(r"trade \d+ was settled before")
def a_trade_under_anothers_number(log: Log) -> int:
    one, two, *_rest = places(log, "transaction_posted", kind="settlement")
    log[two]["body"]["trade"]["trade"] = log[one]["body"]["trade"]["trade"]
    return two


@lie(r"is no part of trade")
def a_trade_at_another_price(log: Log) -> int:
    at, body = posted(log, "settlement")
    body["trade"]["price_fen"] += 1
    return at


@lie(r"trade \d+ is of 29 t, but 30 t were delivered")
def a_trade_of_another_quantity(log: Log) -> int:
    at, body = posted(log, "settlement")
    body["trade"]["quantity_t"] -= 1
    return at


@lie(r"is no part of trade")
def a_trade_with_another_fee(log: Log) -> int:
    at, body = posted(log, "settlement")
    body["trade"]["buyer_fee_fen"] -= 1
    return at


@lie("a settlement names its trade")
def a_settlement_of_no_trade(log: Log) -> int:
    at, body = posted(log, "settlement")
    del body["trade"]
    return at


@lie("a transfer settles no trade")
def a_trade_settled_by_another_kind(log: Log) -> int:
    at, body = posted(log, "settlement")
    body["kind"] = "transfer"
    return at


@lie(r"market \d+ was never opened")
def a_market_whose_opening_is_left_out(log: Log) -> int:
    at = posted(log, "settlement")[0]
    del log[first(log, "market_opened")]
    return at - 1


@lie(r"market \d+ trades TH-\S+, not TH-")
def a_trade_in_another_market(log: Log) -> int:
    *_others, at = places(log, "transaction_posted", kind="settlement")
    trade = log[at]["body"]["trade"]
    opened = [log[place]["body"]["market"] for place in places(log, "market_opened")]
    trade["market"] = next(market for market in opened if market != trade["market"])
    return at


# Issuances


def _issue_again(log: Log, **changes: object) -> tuple[int, Record]:
    """Issue a batch that was never issued, with numbers that were never drawn; return where, and its record's body."""
    asset, start = str(changes.pop("asset", "TH-35-999999-2020")), int(str(changes.pop("start", 5_000_000)))
    source, holder = "900001", "900002"
    end = len(log)
    organisation = log[first(log, "account_opened", purpose="holding")]["body"]["organisation"]
    opened = {"asset": asset, "purpose": "issuance", "organisation": None}
    insert(log, end, "account_opened", opened | {"account": source})
    insert(log, end + 1, "account_opened", opened | {"account": holder, "purpose": "holding"})
    log[end + 1]["body"]["organisation"] = organisation
    serials = [[str(start), str(start + 9)]]
    at = post(log, end + 2, "issuance", source, holder, 10, serials=serials)
    body: Record = {"asset": asset, "project": "TH-35-999999", "vintage": 2020, "report": "999999"}
    body |= {"first_serial": str(start), "last_serial": str(start + 9), "quantity_t": 10, "buffer_t": 0}
    body |= {"transaction": log[at]["body"]["transaction"]} | changes
    insert(log, at + 1, "batch_issued", body)
    return at, body


@lie(r"report \d+ was issued before")
def a_report_issued_twice(log: Log) -> int:
    report = log[first(log, "batch_issued")]["body"]["report"]
    return _issue_again(log, report=report)[0] + 1


@lie(r"project TH-\S+ has had its credits of \d+ before")
def a_vintage_issued_twice(log: Log) -> int:
    batch = log[first(log, "batch_issued")]["body"]
    return _issue_again(log, project=batch["project"], vintage=batch["vintage"])[0] + 1


@lie(r"report \d+ comes to 499 t, but 500 t are issued for it")
def more_issued_than_a_report_comes_to(log: Log) -> int:
    at = next(place for place in places(log, "report_submitted") if log[place]["body"]["net_t"] == 500)
    log[at]["body"]["net_t"] = 499
    return list(places(log, "batch_issued"))[-1]


@lie(r"34 t of report \d+ are for the buffer pool, but 33 t went there")
def a_buffer_that_is_short_once_all_is_issued(log: Log) -> int:
    at = next(place for place in places(log, "report_submitted") if log[place]["body"]["net_t"] == 500)
    log[at]["body"]["buffer_t"] = 34
    return list(places(log, "batch_issued"))[-1]


@lie(r"report \d+ is changed after credits were issued for it")
def a_report_corrected_after_its_issuance(log: Log) -> int:
    said = log[first(log, "report_submitted")]["body"]
    insert(log, len(log), "report_corrected", said | {"net_t": said["net_t"] + 1})
    return len(log) - 1


@lie(r"TH-\S+-3 would be called TH-\S+-\d{4}")
def a_part_of_another_project(log: Log) -> int:
    at = list(places(log, "batch_issued"))[-1]
    log[at]["body"]["project"] = "TH-35-999998"
    return at


@lie(r"TH-\S+ was issued before")
def a_batch_issued_twice(log: Log) -> int:
    _at, body = posted(log, "issuance")
    transfer = body["transfers"][0]
    serials = [["5000000", "5000009"]]
    return post(log, len(log), "issuance", transfer["debit"], transfer["credit"], 10, serials=serials)


@lie(r"serial numbers \d+ to \d+ overlap those of TH-")
def serials_issued_twice(log: Log) -> int:
    batch = log[first(log, "batch_issued")]["body"]
    return _issue_again(log, start=batch["first_serial"])[0]


@lie(r"no batch_issued names transaction \d+")
def an_issuance_from_no_report(log: Log) -> int:
    at = _issue_again(log)[0]
    del log[at + 1]
    return at


@lie(r"is of 11 t, its issuance of 10 t")
def a_batch_said_to_be_larger(log: Log) -> int:
    return _issue_again(log, quantity_t=11)[0] + 1


@lie(r"1 t of TH-\S+ are for the buffer pool, but 0 t went there")
def a_buffer_that_is_not_filled(log: Log) -> int:
    return _issue_again(log, buffer_t=1)[0] + 1


@lie(r"serial numbers 5000000 to 5000009 are not of TH-")
def credits_out_of_nothing(log: Log) -> int:
    _at, body = posted(log, "issuance")
    transfer = body["transfers"][0]
    serials = [["5000000", "5000009"]]
    return post(log, len(log), "transfer", transfer["debit"], transfer["credit"], 10, serials=serials)


# Payments, retirements


@lie(r"payment \d+ is not what was requested")
def a_payment_confirmed_for_more(log: Log) -> int:
    at = first(log, "payment_confirmed")
    log[at]["body"]["amount_fen"] += 1
    return at


@lie(r"payment \d+ was never requested")
def a_payment_that_nobody_requested(log: Log) -> int:
    at = first(log, "payment_confirmed")
    del log[first(log, "payment_requested", payment=log[at]["body"]["payment"])]
    return at - 1


@lie(r"it names transaction \d+, which is none that waits for a payment_confirmed")
def a_payment_confirmed_twice(log: Log) -> int:
    return again(log, first(log, "payment_confirmed"))


@lie(r"payment \d+ was decided before")
def a_payment_refused_after_it_was_paid(log: Log) -> int:
    at = first(log, "payment_confirmed")
    body = {name: value for name, value in log[at]["body"].items() if name != "transaction"}
    return insert(log, at + 1, "payment_refused", body)


@lie(r"payment \d+ was requested before")
def a_payment_requested_twice(log: Log) -> int:
    return again(log, first(log, "payment_requested"))


@lie(r"payment \d+ is not between the bank and organisation")
def a_payment_of_another_organisation(log: Log) -> int:
    at = first(log, "payment_confirmed")
    payment = log[at]["body"]["payment"]
    for place in places(log, "payment_requested", payment=payment):
        log[place]["body"]["organisation"] = "somebody"
    log[at]["body"]["organisation"] = "somebody"
    return at


@lie(r"no payment_confirmed names transaction \d+")
def money_that_no_payment_brought(log: Log) -> int:
    return post(log, len(log), "deposit", account(log, asset="CNY", purpose="bank"), account(log, asset="CNY"), 10**6)


@lie(r"retirement [0-9a-f-]+ is of 13 t, its transaction of 12 t")
def a_retirement_said_to_be_larger(log: Log) -> int:
    at = first(log, "credits_retired")
    log[at]["body"]["quantity_t"] += 1
    return at


@lie(r"retirement [0-9a-f-]+ is of TH-\S+, its transaction of TH-")
def a_retirement_said_to_be_of_another_batch(log: Log) -> int:
    at = first(log, "credits_retired")
    assets = [log[place]["body"]["asset"] for place in places(log, "batch_issued")]
    log[at]["body"]["asset"] = next(asset for asset in assets if asset != log[at]["body"]["asset"])
    return at


@lie(r"retirement [0-9a-f-]+ was recorded before")
def a_retirement_claimed_for_two(log: Log) -> int:
    one, two, *_rest = places(log, "credits_retired")
    log[two]["body"]["retirement"] = log[one]["body"]["retirement"]
    return two


@lie(r"it names transaction \d+, which is none that waits for a credits_retired")
def a_retirement_that_names_a_deposit(log: Log) -> int:
    at = first(log, "credits_retired")
    log[at]["body"]["transaction"] = posted(log, "deposit")[1]["transaction"]
    return at


@lie(r"no credits_retired names transaction \d+")
def a_retirement_in_nobodys_name(log: Log) -> int:
    at = first(log, "credits_retired")
    del log[at]
    return at - 1


@lie(r"retirement somebodys was never recorded")
def a_use_of_what_was_not_retired(log: Log) -> int:
    at = first(log, "retirement_use_stated")
    log[at]["body"]["retirement"] = "somebodys"
    return at


@lie(r"the use of retirement [0-9a-f-]+ was stated before")
def a_use_that_is_stated_anew(log: Log) -> int:
    return again(log, first(log, "retirement_use_stated"))


# Transfers, cancellations, reversals


@lie(r"no credit_transfer_accepted names transaction \d+")
def credits_handed_over_without_consent(log: Log) -> int:
    at = first(log, "credit_transfer_accepted")
    del log[at]
    return at - 1


@lie(r"transfer [0-9a-f-]+ of credits was never offered")
def credits_that_nobody_offered(log: Log) -> int:
    at = first(log, "credit_transfer_accepted")
    del log[first(log, "credit_transfer_offered", credit_transfer=log[at]["body"]["credit_transfer"])]
    return at - 1


@lie(r"transfer [0-9a-f-]+ of credits is not what was offered")
def a_transfer_at_another_price(log: Log) -> int:
    at = first(log, "credit_transfer_accepted")
    log[at]["body"]["price_fen"] += 1
    return at


@lie(r"transfer [0-9a-f-]+ of credits was decided before")
def a_transfer_declined_after_it_was_accepted(log: Log) -> int:
    at = first(log, "credit_transfer_accepted")
    body = {name: value for name, value in log[at]["body"].items() if name != "transaction"}
    return insert(log, at + 1, "credit_transfer_declined", body)


@lie(r"transfer [0-9a-f-]+ is of 6 t of TH-\S+, its transaction of 5 t of TH-")
def a_transfer_of_less_than_was_agreed(log: Log) -> int:
    at = first(log, "credit_transfer_accepted")
    name = log[at]["body"]["credit_transfer"]
    for place in (at, first(log, "credit_transfer_offered", credit_transfer=name)):
        log[place]["body"]["quantity_t"] += 1
    return at


@lie(r"transfer [0-9a-f-]+ is not between those whose accounts its transaction moved")
def a_transfer_between_others(log: Log) -> int:
    at = first(log, "credit_transfer_accepted")
    name = log[at]["body"]["credit_transfer"]
    for place in (at, first(log, "credit_transfer_offered", credit_transfer=name)):
        log[place]["body"]["recipient"] = "somebody"
    return at


@lie(r"transfer [0-9a-f-]+ of credits was offered before")
def a_transfer_offered_twice(log: Log) -> int:
    return again(log, first(log, "credit_transfer_offered"))


@lie(r"no credits_cancelled names transaction \d+")
def a_cancellation_for_no_reason(log: Log) -> int:
    at = first(log, "credits_cancelled", kind="voluntary")
    del log[at]
    return at - 1


@lie(r"cancellation [0-9a-f-]+ is of 3 t, its transaction of 2 t")
def a_cancellation_said_to_be_larger(log: Log) -> int:
    at = first(log, "credits_cancelled", kind="voluntary")
    log[at]["body"]["quantity_t"] += 1
    return at


@lie(r"cancellation [0-9a-f-]+ is of TH-\S+, its transaction of TH-")
def a_cancellation_said_to_be_of_another_batch(log: Log) -> int:
    at = first(log, "credits_cancelled")
    assets = [log[place]["body"]["asset"] for place in places(log, "batch_issued")]
    log[at]["body"]["asset"] = next(asset for asset in assets if asset != log[at]["body"]["asset"])
    return at


@lie(r"cancellation [0-9a-f-]+ is of another holder than its transaction")
def a_cancellation_said_to_be_somebody_elses(log: Log) -> int:
    at = first(log, "credits_cancelled", kind="voluntary")
    log[at]["body"]["organisation"] = "somebody"
    return at


@lie(r"cancellation [0-9a-f-]+ was recorded before")
def a_cancellation_claimed_twice(log: Log) -> int:
    one, two, *_rest = places(log, "credits_cancelled")
    log[two]["body"]["cancellation"] = log[one]["body"]["cancellation"]
    return two


@lie(r"cancellation [0-9a-f-]+ takes from the buffer pool without a reversal")
def the_buffer_pool_taken_for_nothing(log: Log) -> int:
    at = first(log, "credits_cancelled", kind="buffer")
    log[at]["body"]["kind"] = "voluntary"
    return at


@lie(r"cancellation [0-9a-f-]+ is of the buffer pool, its transaction takes from elsewhere")
def a_holders_credits_called_the_pools(log: Log) -> int:
    at = first(log, "credits_cancelled", kind="replenishment")
    log[at]["body"]["kind"] = "buffer"
    return at


@lie(r"no cancellation_confirmed names cancellation [0-9a-f-]+")
def an_operator_that_cancels_alone(log: Log) -> int:
    at = first(log, "credits_cancelled", kind="administrative")
    del log[first(log, "cancellation_confirmed")]
    del log[first(log, "cancellation_requested")]
    return at - 1


@lie(r"cancellation order \d+ was decided by who had given it")
def a_cancellation_by_one_person(log: Log) -> int:
    at = first(log, "cancellation_confirmed")
    log[at]["actor"] = log[first(log, "cancellation_requested")]["actor"]
    return at


@lie(r"cancellation order \d+ is not what was asked for")
def a_cancellation_of_more_than_was_asked_for(log: Log) -> int:
    at = first(log, "cancellation_confirmed")
    log[at]["body"]["quantity_t"] += 1
    return at


@lie(r"cancellation [0-9a-f-]+ is not what was ordered")
def a_cancellation_for_another_reason(log: Log) -> int:
    log[first(log, "credits_cancelled", kind="administrative")]["body"]["reason"] = "over_issuance"
    return first(log, "cancellation_confirmed")


@lie(r"reversal [0-9a-f-]+ was never reported")
def a_reversal_that_nobody_reported(log: Log) -> int:
    at = first(log, "credits_cancelled", kind="buffer")
    del log[first(log, "reversal_reported")]
    return at - 1


@lie("the reversal was decided by who had reported it")
def a_reversal_by_one_person(log: Log) -> int:
    at = first(log, "reversal_confirmed")
    log[at]["actor"] = log[first(log, "reversal_reported")]["actor"]
    return at


@lie("a loss of 104 t was reported, one of 105 t confirmed")
def a_loss_that_has_grown(log: Log) -> int:
    at = first(log, "reversal_confirmed")
    log[at]["body"]["loss_t"] += 1
    return at


@lie("99 t are said to come from the buffer pool, 100 t of it were cancelled")
def a_pool_that_paid_less(log: Log) -> int:
    at = first(log, "reversal_confirmed")
    log[at]["body"] |= {"from_buffer_t": 99, "owed_t": 5}
    return at


@lie("of a loss of 104 t the pool pays 100 t and 0 t are owed")
def a_loss_that_nobody_pays(log: Log) -> int:
    at = first(log, "reversal_confirmed")
    log[at]["body"]["owed_t"] = 0
    return at


@lie("4 t were owed for a reversal, 3 t make up for it")
def a_reversal_made_up_for_by_less(log: Log) -> int:
    at = first(log, "reversal_compensated")
    one, *_rest = places(log, "credits_cancelled", kind="replenishment")
    transaction = log[one]["body"]["transaction"]
    posted_at = first(log, "transaction_posted", transaction=transaction)
    del log[one], log[posted_at]
    return at - 2


@lie("it makes up for a reversal that is reported")
def a_reversal_made_up_for_before_it_is_confirmed(log: Log) -> int:
    del log[first(log, "reversal_confirmed")]
    return first(log, "credits_cancelled", kind="replenishment")


# Corrections


@lie(r"it does not mirror transaction \d+, which it reverses")
def a_reversal_of_less(log: Log) -> int:
    at, body = posted(log, "reversal")
    body["transfers"][0]["amount"] -= 1
    return at


@lie(r"it does not mirror transaction \d+, which it reverses")
def a_reversal_the_same_way_round(log: Log) -> int:
    at, body = posted(log, "reversal")
    transfer = body["transfers"][0]
    transfer["debit"], transfer["credit"] = transfer["credit"], transfer["debit"]
    return at


@lie(r"it does not mirror transaction \d+, which it reverses")
def a_reversal_with_other_serials(log: Log) -> int:
    at = list(places(log, "transaction_posted", kind="reversal"))[-1]
    transfer = log[at]["body"]["transfers"][0]
    shorten(transfer)
    return at


@lie(r"it does not mirror transaction \d+, which it reverses")
def a_reversal_of_another_transaction(log: Log) -> int:
    at, body = posted(log, "reversal")
    body["reverses"] = posted(log, "deposit")[1]["transaction"]
    return at


@lie(r"it reverses transaction 999999, which was never posted")
def a_reversal_of_nothing(log: Log) -> int:
    at, body = posted(log, "reversal")
    body["reverses"] = "999999"
    return at


@lie("a reversal names the transaction that it reverses")
def a_reversal_that_names_nothing(log: Log) -> int:
    at, body = posted(log, "reversal")
    del body["reverses"]
    return at


@lie(r"transaction \d+ was reversed before")
def a_reversal_done_twice(log: Log) -> int:
    at, body = posted(log, "reversal")
    transfer = body["transfers"][0]
    # The money is there once more, so that nothing but the second reversal is wrong.
    other = account(log, asset="CNY", but=(transfer["debit"], transfer["credit"]))
    twin = again(log, at, renumbered=("id", "transaction", "transfer"))
    post(log, twin, "transfer", other, transfer["debit"], transfer["amount"])
    return twin + 1


@lie(r"no correction_confirmed names transaction \d+")
def a_reversal_that_nobody_confirmed(log: Log) -> int:
    at = first(log, "correction_confirmed")
    del log[at]
    return at - 1


@lie(r"correction \d+ was never requested")
def a_correction_that_nobody_requested(log: Log) -> int:
    at = first(log, "correction_confirmed")
    del log[first(log, "correction_requested")]
    return at - 1


@lie(r"correction \d+ is not what was requested")
def a_correction_of_another_transaction(log: Log) -> int:
    at = first(log, "correction_confirmed")
    log[at]["body"]["transaction"] = posted(log, "deposit")[1]["transaction"]
    return at


@lie(r"correction \d+ is of transaction \d+, its reversal of \d+")
def a_correction_by_the_wrong_reversal(log: Log) -> int:
    at = first(log, "correction_confirmed")
    wrong = posted(log, "deposit")[1]["transaction"]
    log[at]["body"]["transaction"] = wrong
    log[first(log, "correction_requested")]["body"]["transaction"] = wrong
    return at


# The order of things


@lie("was never opened")
def a_payment_before_its_account(log: Log) -> int:
    at, body = posted(log, "deposit")
    opened = first(log, "account_opened", account=body["transfers"][0]["credit"])
    log[at], log[opened] = log[opened], log[at]
    return opened


@lie("gives more than it has")
def a_trade_before_its_money(log: Log) -> int:
    at, body = posted(log, "settlement")
    buyer = body["transfers"][1]["debit"]
    paid_in = next(
        place
        for place in places(log, "transaction_posted", kind="deposit")
        if log[place]["body"]["transfers"][0]["credit"] == buyer
    )
    log.insert(at, log.pop(paid_in))
    log.insert(at, log.pop(paid_in))
    return at - 2


# Proposals


@lie("offer \\d+ was decided before")
def an_offer_that_is_accepted_and_withdrawn(log: Log) -> int:
    at = first(log, "block_accepted")
    again = copy.deepcopy(log[at]) | {"kind": "block_withdrawn", "id": fresh(log, "id")}
    log.insert(at + 1, again)
    return at + 1


@lie("offer \\d+ is not what was offered")
def an_offer_that_is_accepted_at_another_price(log: Log) -> int:
    at = first(log, "block_accepted")
    log[at]["body"]["price_fen"] += 1
    return at


@lie("offer \\d+ was never made")
def an_offer_that_nobody_made(log: Log) -> int:
    at = first(log, "block_accepted")
    del log[first(log, "block_offered", offer=log[at]["body"]["offer"])]
    return at - 1


@lie("bid \\d+ is not what it committed to")
def a_bid_that_was_raised_after_the_close(log: Log) -> int:
    at = first(log, "bid_revealed", price_fen=4_300)
    log[at]["body"]["price_fen"] = 4_600
    return at


@lie("bid \\d+ of auction \\d+ got 0 t at 0 fen, by the rules it gets 20 t at 4300 fen")
def a_loser_above_the_winner(log: Log) -> int:
    at = first(log, "bid_revealed", price_fen=4_300)
    log[at]["body"] |= {"awarded_t": 0}
    return first(log, "one_way_auction_awarded")


@lie("bid \\d+ of auction \\d+ was never revealed")
def a_bid_that_is_left_out(log: Log) -> int:
    del log[first(log, "bid_revealed", price_fen=4_200)]
    return first(log, "one_way_auction_awarded")


@lie("auction \\d+ was decided before")
def a_bid_after_the_award(log: Log) -> int:
    late = copy.deepcopy(log[first(log, "bid_placed")]) | {"id": fresh(log, "id")}
    late["body"]["bid"] = "999"
    at = first(log, "one_way_auction_awarded") + 1
    log.insert(at, late)
    return at


# Entries


@lie("its format is version 2")
def a_version_that_does_not_exist(log: Log) -> int:
    log[3]["v"] = 2
    return 3


@lie("its nonce is not 16 bytes in base64url")
def a_nonce_that_is_none(log: Log) -> int:
    log[3]["nonce"] = "guess"
    return 3


@lie("its time is not in UTC with microseconds")
def a_time_that_does_not_exist(log: Log) -> int:
    log[3]["at"] = "2026-13-41T25:00:00.000000Z"
    return 3


@lie("it has no actor")
def a_record_of_nobody(log: Log) -> int:
    del log[3]["actor"]
    return 3


@lie("its id is not a number above zero, written as text")
def a_record_without_a_number(log: Log) -> int:
    log[3]["id"] = "three"
    return 3


# Benefit sharing


@lie(r"does not part its proceeds as its plan says")
def more_kept_than_the_plan_says(log: Log) -> int:
    at = first(log, "proceeds_shared")
    log[at]["body"]["retained_fen"] += 1
    log[at]["body"]["shared_fen"] -= 1
    return at


@lie(r"the sales of distribution \d+ do not come to \d+ fen")
def a_sale_that_brought_more(log: Log) -> int:
    at = first(log, "proceeds_shared")
    log[at]["body"]["sales"][0][1] += 1
    return at


@lie(r"shares sale \d+, which was shared before")
def a_sale_shared_twice(log: Log) -> int:
    one, other = [*places(log, "proceeds_shared")][:2]
    log[other]["body"]["sales"][0][0] = log[one]["body"]["sales"][0][0]
    return other


@lie(r"shares transaction \d+, which was never posted")
def a_sale_that_never_was(log: Log) -> int:
    at = first(log, "proceeds_shared")
    log[at]["body"]["sales"][0][0] = fresh(log, "transaction")
    return at


@lie(r"follows no plan of its cooperative")
def a_distribution_by_no_plan(log: Log) -> int:
    at = first(log, "proceeds_shared")
    log[at]["body"]["plan"] = "999999"
    return at


@lie(r"is not to a member household of cooperative")
def a_share_for_somebody_elses_member(log: Log) -> int:
    at = first(log, "household_added")
    log[at]["body"]["cooperative"] = "00000000-0000-0000-0000-000000000000"
    return first(log, "proceeds_shared")


@lie(r"the transactions of distribution \d+ do not come to \d+ fen")
def a_share_that_is_smaller(log: Log) -> int:
    _at, body = posted(log, "distribution")
    body["transfers"][-1]["amount"] -= 1
    return first(log, "proceeds_shared")


@lie(r"takes from account \d+, which is for share")
def a_share_taken_back(log: Log) -> int:
    at = first(log, "proceeds_shared")
    share = account(log, asset="CNY", purpose="share")
    return post(log, at + 1, "transfer", share, account(log, asset="CNY"), 1)


@lie(r"for share must belong to a household, or to none")
def a_share_of_nobody(log: Log) -> int:
    at = first(log, "account_opened", purpose="share")
    del log[at]["body"]["household"]
    return at


@lie(r"no proceeds_shared names transaction \d+ \(distribution\)")
def a_distribution_that_nothing_explains(log: Log) -> int:
    at, _body = posted(log, "distribution")
    del log[first(log, "proceeds_shared")]
    return at


@lie(r"payout \d+ is of \d+ fen to 2 households, unlike its transaction")
def a_payout_that_paid_less(log: Log) -> int:
    _at, body = posted(log, "payout")
    body["transfers"][-1]["amount"] -= 1
    return first(log, "payout_confirmed")


@lie(r"payout \d+ is not what was requested")
def a_payout_of_more_than_was_ordered(log: Log) -> int:
    at = first(log, "payout_confirmed")
    log[first(log, "payout_requested")]["body"]["lines_sha256"] = "0" * 64
    return at


@lie(r"payout \d+ was decided before")
def a_payout_decided_twice(log: Log) -> int:
    return again(log, first(log, "payout_refused"))


@lie(r"household .* was added before")
def a_household_added_twice(log: Log) -> int:
    return again(log, first(log, "household_added"))


@lie(r"household .* is no member that could leave")
def a_household_that_leaves_twice(log: Log) -> int:
    return again(log, first(log, "household_left"))


@lie(r"the parts of plan \d+ do not make a whole")
def a_plan_that_parts_too_much(log: Log) -> int:
    at = first(log, "sharing_plan_stated")
    log[at]["body"]["area_bps"] += 1
    return at

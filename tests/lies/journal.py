"""Lies about the journal: amounts, accounts, serial numbers, transfers and the order of what is recorded."""

from tests.lies.telling import (
    LIES,
    Log,
    Tell,
    account,
    again,
    asset_of,
    first,
    fresh,
    insert,
    lie,
    places,
    post,
    posted,
    shorten,
)

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

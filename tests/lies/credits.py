"""Lies about credits: their issuance, retirement, cancellation, reversal, and being handed over; and about payments."""

from tests.lies.telling import (
    Log,
    Record,
    account,
    again,
    first,
    insert,
    lie,
    places,
    post,
    posted,
)

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


# Where money is paid out to


@lie(r"bank account \d+ is not what was stated")
def a_bank_account_confirmed_with_another_number(log: Log) -> int:
    at = first(log, "bank_account_confirmed")
    log[at]["body"]["number_commitment"] = "0" * 64
    return at


@lie(r"bank account \d+ is not what was stated")
def a_withdrawal_paid_to_another_number(log: Log) -> int:
    at = first(log, "payment_confirmed", direction="withdrawal")
    log[at]["body"]["number_commitment"] = "0" * 64
    return at


@lie(r"it is paid to bank account \d+, which is not confirmed")
def a_withdrawal_paid_to_an_account_that_one_person_has_stated(log: Log) -> int:
    del log[first(log, "bank_account_confirmed")]
    return first(log, "payment_confirmed", direction="withdrawal")


@lie(r"bank account \d+ was never stated")
def a_bank_account_confirmed_that_nobody_has_stated(log: Log) -> int:
    del log[first(log, "bank_account_stated")]
    return first(log, "bank_account_confirmed")


@lie(r"bank account \d+ was confirmed before")
def a_bank_account_refused_after_it_was_confirmed(log: Log) -> int:
    at = first(log, "bank_account_confirmed")
    return insert(log, at + 1, "bank_account_refused", log[at]["body"])


@lie(r"bank account \d+ was stated before")
def a_bank_account_stated_twice(log: Log) -> int:
    return again(log, first(log, "bank_account_stated"))


@lie(r"a bank account's number is hidden in one way")
def a_bank_account_with_two_numbers(log: Log) -> int:
    at = first(log, "bank_account_stated")
    log[at]["body"]["number_sha256"] = "0" * 64
    return at

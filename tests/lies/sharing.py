"""Lies about the sharing of proceeds with households."""

from tests.lies.telling import (
    Log,
    account,
    again,
    first,
    fresh,
    lie,
    places,
    post,
    posted,
)

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

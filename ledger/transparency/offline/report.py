"""Say what came of verifying a log: in sentences for everybody, and as JSON for programs."""

import base64
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from ledger.transparency.offline.accounts import CASH, Account
from ledger.transparency.offline.replay import Replay
from ledger.transparency.offline.serials import join_runs
from ledger.transparency.offline.verify import Verification

LIMITS = (
    "What a log cannot show: that an entry tells the truth about a field. Documents (monitoring data, bank statements) are in it"
    " by their hashes alone: compare the files that you are shown with those."
)
SHOWN_FINDINGS = 10


def write_summary(result: Verification) -> Iterator[str]:
    """Yield the report's lines, for people who are no programmers."""
    if result.holds:
        yield from _verdict(result)
    else:
        yield from _faults(result)
    if result.checkpoint.size:
        yield ""
        yield from _contents(result.replay, is_proven=result.holds)
    yield ""
    yield LIMITS


def _verdict(result: Verification) -> Iterator[str]:
    yield f"VERIFIED. The log {result.checkpoint.origin} has {_count(result.checkpoint.size, 'record')}."
    yield f"Its signature is that of {result.signed_by}."
    for rotation in result.replay.rotations.found:
        yield f"Its key was changed in record {rotation.index}, signed by the old key and the new one."
    for name, at in result.cosigned_at.items():
        yield f"The witness {name} has cosigned it, on {at:%Y-%m-%d at %H:%M:%S} UTC."
    yield "Nothing was changed, left out or put in since it was signed: the tree was built anew from all records."
    if result.consistent_with:
        yield f"It goes on from what you have seen before: {_list(result.consistent_with)} records."
    yield "Every transaction was replayed, and the books agree with every record."


def _faults(result: Verification) -> Iterator[str]:
    findings = result.findings.in_order()
    yield f"NOT VERIFIED. {_count(result.findings.total, 'thing')} wrong. The first:"
    yield f"  {findings[0]}"
    if len(findings) > 1:
        yield "Further:"
    for finding in findings[1:SHOWN_FINDINGS]:
        yield f"  {finding}"
    if result.findings.total > SHOWN_FINDINGS:
        yield f"  and {result.findings.total - SHOWN_FINDINGS:,} more."


def _contents(replay: Replay, *, is_proven: bool) -> Iterator[str]:
    yield "What the records come to:" if is_proven else "What the records would come to, if they were right:"
    accounts, settlements = replay.accounts.in_order, replay.settlements
    yield f"  {_count(len(accounts), 'account')}, {_count(sum(replay.transactions.values()), 'transaction')} of the journal."
    yield (
        f"  {_count(settlements.count, 'trade')} settled: {settlements.quantity_t:,} t for {_money(settlements.value_fen)},"
        f" with {_money(settlements.fees_fen)} in fees."
    )
    yield f"  {_count(replay.retirements.count, 'retirement')}, of {replay.retirements.quantity_t:,} t."
    if replay.credit_transfers.count:
        quantity_t = replay.credit_transfers.quantity_t
        yield f"  {_count(replay.credit_transfers.count, 'transfer')} outside the market, of {quantity_t:,} t."
    if replay.cancellations.count:
        yield f"  {_count(replay.cancellations.count, 'cancellation')}, of {replay.cancellations.quantity_t:,} t."
    if replay.transactions["reversal"]:
        yield f"  {_count(replay.transactions['reversal'], 'correction')} by a transaction that reverses a wrong one."
    if replay.sharing.count:
        shared = _money(replay.sharing.shared_fen)
        yield f"  {_count(replay.sharing.count, 'distribution')} of {shared} to households."
    yield from _money_lines(accounts)
    yield from _batch_lines(replay)
    for kind, count in sorted(replay.unknown_kinds.items()):
        yield f"  {_count(count, 'record')} of kind {kind!r:.60}, which this program does not know, and only counted."


def _money_lines(accounts: list[Account]) -> Iterator[str]:
    by_purpose = _by_purpose(account for account in accounts if account.asset == CASH)
    if by_purpose:
        shares = f", {_money(by_purpose['share'])} of households" if "share" in by_purpose else ""
        yield (
            f"  Money: {_money(by_purpose['holding'])} of organisations{shares} and {_money(by_purpose['fees'])} in fees,"
            f" against {_money(-by_purpose['bank'])} at the bank."
        )


def _batch_lines(replay: Replay) -> Iterator[str]:
    for supply in supplies(replay):
        yield (
            f"  {supply['asset']}: {supply['issued_t']:,} t issued = {supply['held_t']:,} held + {supply['buffer_t']:,} in the"
            f" buffer pool + {supply['retired_t']:,} retired + {supply['cancelled_t']:,} cancelled."
        )


def supplies(replay: Replay) -> Iterator[dict[str, Any]]:
    """Yield the supply of every batch. Units: tonnes."""
    accounts: dict[str, list[Account]] = defaultdict(list)
    for account in replay.accounts.in_order:
        accounts[account.asset].append(account)
    for asset, batch in replay.batches.issued.items():
        by_purpose = _by_purpose(accounts[asset])
        yield {
            "asset": asset,
            "project": batch.project,
            "vintage": batch.vintage,
            "report": batch.report,
            "first_serial": str(batch.first_serial),
            "last_serial": str(batch.last_serial),
            "issued_t": -by_purpose["issuance"],
            "held_t": by_purpose["holding"],
            "buffer_t": by_purpose["buffer"],
            "retired_t": by_purpose["retired"],
            "cancelled_t": by_purpose["cancelled"],
        }


def as_json(result: Verification) -> dict[str, Any]:
    """Return everything that was found, for programs. Units: as the names say; balances in fen or tonnes."""
    replay, checkpoint = result.replay, result.checkpoint
    return {
        "verified": result.holds,
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "signed_root": base64.b64encode(checkpoint.root).decode(),
        "rebuilt_root": base64.b64encode(result.root).decode() if result.root else None,
        "key": result.vkey,
        "signed_by": result.signed_by or None,
        "rotations": [
            {"index": rotation.index, "old_vkey": rotation.old_vkey, "new_vkey": rotation.new_vkey}
            for rotation in replay.rotations.found
        ],
        "cosigned_at": {name: at.isoformat() for name, at in result.cosigned_at.items()},
        "consistent_with": result.consistent_with,
        "findings_total": result.findings.total,
        "findings": [
            {
                "index": finding.index,
                "id": str(finding.record_id) if finding.record_id is not None else None,
                "kind": finding.kind,
                "problem": finding.problem,
            }
            for finding in result.findings.in_order()
        ],
        "records": dict(sorted(replay.kinds.items())),
        "unknown_kinds": dict(sorted(replay.unknown_kinds.items())),
        "transactions": dict(sorted(replay.transactions.items())),
        "trades": {
            "count": replay.settlements.count,
            "quantity_t": replay.settlements.quantity_t,
            "value_fen": replay.settlements.value_fen,
            "fees_fen": replay.settlements.fees_fen,
        },
        "retirements": {"count": replay.retirements.count, "quantity_t": replay.retirements.quantity_t},
        "transfers": {"count": replay.credit_transfers.count, "quantity_t": replay.credit_transfers.quantity_t},
        "cancellations": {"count": replay.cancellations.count, "quantity_t": replay.cancellations.quantity_t},
        "supply": list(supplies(replay)),
        "accounts": _accounts_as_json(replay),
        "limits": LIMITS,
    }


def _accounts_as_json(replay: Replay) -> list[dict[str, Any]]:
    owned: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for account, run in replay.batches.owned():
        owned[account.id].append(run)
    return [
        {
            "account": account.id,
            "organisation": account.organisation,
            **({"household": account.household} if account.household else {}),
            "asset": account.asset,
            "purpose": account.purpose,
            "balance": account.balance,
            "serials": [[str(first), str(last)] for first, last in join_runs(owned[account.id])],
        }
        for account in replay.accounts.in_order
    ]


def _by_purpose(accounts: Iterable[Account]) -> dict[str, int]:
    balances: dict[str, int] = defaultdict(int)
    for account in accounts:
        balances[account.purpose] += account.balance
    return balances


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _money(fen: int) -> str:
    yuan, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}CNY {yuan:,}.{rest:02d}"


def _list(numbers: list[int]) -> str:
    shown = [f"{number:,}" for number in numbers[-5:]]
    return ", ".join(shown)

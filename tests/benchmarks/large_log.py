"""A large log, made up without a database: accounts, batches, deposits, many trades, retirements, all as the product writes them.

python -m tests.benchmarks.large_log FOLDER RECORDS
"""

import base64
import datetime as dt
import functools
import hashlib
import random
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from ledger.transparency.notes import Signer
from tests.log_folders import write_folder

ORIGIN = "tianhui.bench/log"
SEED = bytes(range(32))
ORGANISATIONS = 200
RECORDS_A_BATCH = 25_000
"""A new vintage is issued each time so many records have passed."""

TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
BEGINS_AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
LONGEST_STEP = 7  # an issuance
BATCH_T = 1_000_000
CASH_FEN = 10**12

Run = tuple[int, int]
Body = dict[str, Any]


@dataclass(slots=True)
class Holder:
    """An organisation with its cash account and, for each batch that it has had, an account with its runs, oldest first."""

    organisation: str
    cash: str
    credits: dict[str, str] = field(default_factory=dict)
    runs: dict[str, deque[Run]] = field(default_factory=dict)
    tonnes: dict[str, int] = field(default_factory=dict)


class Story:
    """Tells records one after the other, each of which can be."""

    def __init__(self) -> None:
        self._random = random.Random(3)
        self._numbers = dict.fromkeys(
            ("record", "account", "transaction", "transfer", "trade", "order", "serial", "payment"), 0
        )
        self._holders: list[Holder] = []
        self._system: dict[tuple[str, str], str] = {}
        self._assets: list[str] = []
        self._farmers: dict[str, Holder] = {}

    def tell(self, records: int) -> Iterator[bytes]:
        """Yield so many entries, at least those that it begins with."""
        yield from self._open_cash()
        issued_at = -RECORDS_A_BATCH
        while (told := self._numbers["record"]) <= records - LONGEST_STEP:
            if told - issued_at >= RECORDS_A_BATCH:
                issued_at = told
                yield from self._issue()
            else:
                yield from self._step()
        while self._numbers["record"] < records:
            yield self._entry("instructions_executed", self._executed())

    def _step(self) -> Iterator[bytes]:
        chance = self._random.random()
        if chance < 0.03:
            yield from self._deposit(self._random.choice(self._holders), self._random.randint(1, 10**8))
        elif chance < 0.05:
            yield from self._retire()
        elif chance < 0.08:
            yield self._entry("instructions_executed", self._executed())
        else:
            yield from self._trade()

    def _open_cash(self) -> Iterator[bytes]:
        for purpose in ("bank", "fees"):
            yield self._open_system("CNY", purpose)
        for _ in range(ORGANISATIONS):
            organisation = self._word(16).hex()
            yield self._open("CNY", "holding", organisation)
            self._holders.append(Holder(organisation, str(self._numbers["account"])))
        for holder in self._holders:
            yield from self._deposit(holder, CASH_FEN)

    def _issue(self) -> Iterator[bytes]:
        number = len(self._assets)
        project, vintage = f"TH-35-{number // 6:06d}", 2020 + number % 6
        asset = f"{project}-{vintage}"
        self._assets.append(asset)
        for purpose in ("issuance", "buffer", "retired"):
            yield self._open_system(asset, purpose)
        farmer = self._farmers[asset] = self._random.choice(self._holders)
        yield from self._open_credits(farmer, asset)
        first = self._numbers["serial"] + 1
        last = self._numbers["serial"] = first + BATCH_T - 1
        buffer_t = BATCH_T // 10
        split = last - buffer_t
        source = self._system[asset, "issuance"]
        legs = [
            self._leg(source, farmer.credits[asset], split - first + 1, [(first, split)]),
            self._leg(source, self._system[asset, "buffer"], buffer_t, [(split + 1, last)]),
        ]
        self._receive(farmer, asset, [(first, split)])
        yield self._post("issuance", legs, idempotency_key=f"issuance:{number}")
        body = {"asset": asset, "project": project, "vintage": vintage, "report": str(number + 1)}
        body |= {"first_serial": str(first), "last_serial": str(last), "quantity_t": BATCH_T, "buffer_t": buffer_t}
        yield self._entry("batch_issued", body | {"transaction": str(self._numbers["transaction"])})
        yield self._entry("market_opened", {"market": str(number + 1), "symbol": asset, "asset": asset})

    def _deposit(self, holder: Holder, amount_fen: int) -> Iterator[bytes]:
        payment: Body = {"payment": str(self._next("payment")), "organisation": holder.organisation}
        payment |= {"direction": "deposit", "amount_fen": amount_fen, "bank_reference": f"ICBC {self._word(6).hex()}"}
        yield self._entry("payment_requested", payment)
        yield self._post("deposit", [self._leg(self._system["CNY", "bank"], holder.cash, amount_fen)])
        yield self._entry("payment_confirmed", payment | {"transaction": str(self._numbers["transaction"])})

    def _trade(self) -> Iterator[bytes]:
        asset = self._random.choice(self._assets[-8:])
        seller = self._owner_of(asset)
        buyer = self._random.choice(
            [holder for holder in self._random.sample(self._holders, 2) if holder is not seller]
        )
        if asset not in buyer.credits:
            yield from self._open_credits(buyer, asset)
        quantity = min(self._random.randint(1, 200), seller.tonnes[asset])
        price = self._random.randint(3_600, 4_400)
        fees = (quantity * price * 30 // 10_000, quantity * price * 10 // 10_000)
        runs = self._give(seller, asset, quantity)
        self._receive(buyer, asset, runs)
        legs = [
            self._leg(seller.credits[asset], buyer.credits[asset], quantity, runs),
            self._leg(buyer.cash, seller.cash, quantity * price),
        ]
        legs += [
            self._leg(payer.cash, self._system["CNY", "fees"], fee)
            for payer, fee in zip((buyer, seller), fees, strict=True)
            if fee
        ]
        trade: Body = {"trade": str(self._next("trade")), "market": str(self._assets.index(asset) + 1)}
        trade |= {"price_fen": price, "quantity_t": quantity, "buyer_fee_fen": fees[0], "seller_fee_fen": fees[1]}
        trade |= {"maker_order": str(self._next("order")), "taker_order": str(self._next("order"))}
        yield self._post("settlement", legs, trade=trade)

    def _retire(self) -> Iterator[bytes]:
        asset = self._random.choice(self._assets[-8:])
        holder = self._owner_of(asset)
        quantity = min(self._random.randint(1, 50), holder.tonnes[asset])
        runs = self._give(holder, asset, quantity)
        legs = [self._leg(holder.credits[asset], self._system[asset, "retired"], quantity, runs)]
        yield self._post("retirement", legs)
        body: Body = {"retirement": self._word(16).hex(), "asset": asset, "quantity_t": quantity}
        body |= {"purpose": "voluntary", "beneficiary": "龙山米业", "transaction": str(self._numbers["transaction"])}
        yield self._entry("credits_retired", body)

    def _owner_of(self, asset: str) -> Holder:
        """Return who sells or retires: as often as not the farmer, so that the batch gets about."""
        if self._farmers[asset].tonnes[asset] and self._random.random() < 0.5:
            return self._farmers[asset]
        while not (holder := self._random.choice(self._holders)).tonnes.get(asset):
            pass
        return holder

    def _give(self, holder: Holder, asset: str, quantity: int) -> list[Run]:
        """Take the oldest numbers first, as the journal does."""
        stock, given = holder.runs[asset], []
        holder.tonnes[asset] -= quantity
        while quantity:
            first, last = stock.popleft()
            end = min(last, first + quantity - 1)
            given.append((first, end))
            quantity -= end - first + 1
            if end < last:
                stock.appendleft((end + 1, last))
        return given

    def _receive(self, holder: Holder, asset: str, runs: list[Run]) -> None:
        holder.runs.setdefault(asset, deque()).extend(runs)
        holder.tonnes[asset] = holder.tonnes.get(asset, 0) + sum(last - first + 1 for first, last in runs)

    def _open_credits(self, holder: Holder, asset: str) -> Iterator[bytes]:
        yield self._open(asset, "holding", holder.organisation)
        holder.credits[asset] = str(self._numbers["account"])

    def _open_system(self, asset: str, purpose: str) -> bytes:
        entry = self._open(asset, purpose, None)
        self._system[asset, purpose] = str(self._numbers["account"])
        return entry

    def _open(self, asset: str, purpose: str, organisation: str | None) -> bytes:
        body = {"account": str(self._next("account")), "asset": asset, "purpose": purpose, "organisation": organisation}
        return self._entry("account_opened", body)

    def _leg(self, debit: str, credit: str, amount: int, runs: list[Run] | None = None) -> Body:
        leg: Body = {"transfer": str(self._next("transfer")), "debit": debit, "credit": credit, "amount": amount}
        return leg if runs is None else leg | {"serials": [[str(first), str(last)] for first, last in runs]}

    def _post(self, kind: str, legs: list[Body], **more: object) -> bytes:
        body = {"transaction": str(self._next("transaction")), "kind": kind, "occurred_at": self._time()}
        return self._entry("transaction_posted", body | {"transfers": legs} | more)

    def _executed(self) -> Body:
        sequence = self._numbers["order"]
        return {
            "market": "1",
            "first_sequence": sequence,
            "last_sequence": sequence,
            "sha256": hashlib.sha256(b"%d" % sequence).hexdigest(),
        }

    def _entry(self, kind: str, body: Body) -> bytes:
        nonce = base64.urlsafe_b64encode(self._word(16)).rstrip(b"=").decode()
        head = {"v": 1, "id": str(self._next("record")), "kind": kind, "at": self._time(), "actor": "system"}
        return orjson.dumps(head | {"nonce": nonce, "body": body}, option=orjson.OPT_SORT_KEYS)

    def _next(self, what: str) -> int:
        self._numbers[what] += 1
        return self._numbers[what]

    def _time(self) -> str:
        """Return the time, which goes on every few records: what is posted together has one time."""
        return _written_time(self._numbers["record"] // 64)

    def _word(self, count: int) -> bytes:
        return self._random.randbytes(count)


@functools.lru_cache(maxsize=1)
def _written_time(step: int) -> str:
    return (BEGINS_AT + dt.timedelta(microseconds=step * 46_784)).strftime(TIME)


def write_log(folder: Path, records: int) -> str:
    """Write a log of so many records (a thousand at least) into a folder, and return its verifier key."""
    signer = Signer(ORIGIN, SEED)
    write_folder(folder, Story().tell(records), signer)
    return signer.vkey


if __name__ == "__main__":
    print(write_log(Path(sys.argv[1]), int(sys.argv[2])))

"""Replay the log: from its entries alone to every balance, every serial number's owner, and the first record that cannot be."""

from collections import Counter
from collections.abc import Callable

from ledger.transparency.offline.accounts import SOURCES, Accounts
from ledger.transparency.offline.batches import Batch, Batches
from ledger.transparency.offline.decisions import FOLLOWED_BY, Awaited, BankAccounts, Corrections, Payments, Retirements
from ledger.transparency.offline.entries import Entry, number_of, read_entry
from ledger.transparency.offline.fields import text, text_or_none, whole
from ledger.transparency.offline.findings import Fault, Findings
from ledger.transparency.offline.handed_on import Cancellations, CreditTransfers
from ledger.transparency.offline.listed import ListedSerials
from ledger.transparency.offline.numbers import NumberMap, NumberSet
from ledger.transparency.offline.proposals import Auctions, Offers
from ledger.transparency.offline.rotation import Rotations
from ledger.transparency.offline.settlements import Settlements
from ledger.transparency.offline.sharing import Households, Payouts, Sharing
from ledger.transparency.offline.transactions import Leg, Posted, WrittenRuns, mirror, moved, read_transaction

FAMILIES = (
    "project_",
    "parcel_",
    "report_",
    "diary_",
    "document_",
    "finding_",
    "risk_",
    "organisation_",
    "member_",
    "token_",
    "security_",
    "conflict_",
    "market_",
    "correction_",
    "payment_",
    "bank_account_",
    "household_",
    "sharing_",
    "payout_",
    "alert_",
    "relation_",
    "webhook_",
    "incident_",
)
OTHERS = frozenset(("bank_statement_imported", "instructions_executed", "log_restored"))
"""Kinds that are counted and move nothing."""

# By which kinds of transaction alone an account for some purpose gives or receives (none: by a reversal only), and where some
# kinds must begin and end.
GIVES_BY = {"bank": ("deposit",), "issuance": ("issuance",), "share": ("payout",), "retired": (), "cancelled": ()}
RECEIVES_BY = {
    "bank": ("withdrawal", "payout"),
    "issuance": (),
    "share": ("distribution",),
    "retired": ("retirement",),
    "cancelled": ("cancellation",),
}
BEGINS_IN = {"distribution": "holding", "payout": "share"}
ENDS_IN = {"retirement": "retired", "cancellation": "cancelled", "distribution": "share", "payout": "bank"}

ReadEntry = Callable[[int], bytes | None]
"""Returns the bytes of an entry that has been read before, or None where they are not the same any more."""


class Replay:
    """What the entries so far come to. Each is taken once, in the order of the log."""

    def __init__(self, findings: Findings, read_again: ReadEntry) -> None:
        self.findings = findings
        self.kinds: Counter[str] = Counter()
        self.unknown_kinds: Counter[str] = Counter()
        self.transactions: Counter[str] = Counter()
        self.accounts = Accounts()
        self.batches = Batches(self.accounts)
        self.awaited = Awaited()
        self.bank_accounts = BankAccounts()
        self.payments = Payments(self.awaited, self.bank_accounts)
        self.retirements = Retirements(self.awaited)
        self.credit_transfers = CreditTransfers(self.awaited)
        self.cancellations = Cancellations(self.awaited)
        self.corrections = Corrections(self.awaited)
        self.settlements = Settlements()
        self.households = Households()
        self.sharing = Sharing(self.awaited, self.households, lambda number: self._places.find(number) is not None)
        self.payouts = Payouts(self.awaited, self.households)
        self.offers = Offers()
        self.auctions = Auctions()
        self.rotations = Rotations()
        self._read_again = read_again
        self._record_ids = NumberSet()
        self._transfer_ids = NumberSet()
        self._places = NumberMap()
        self._reversed = NumberSet()
        self._keys: set[int] = set()
        self._listed = ListedSerials()
        self._handlers: dict[str, Callable[[Entry], None]] = {
            "account_opened": self._open_account,
            "serials_listed": self._listed.add,
            "transaction_posted": self._post,
            "report_submitted": self._claim,
            "report_corrected": self._claim,
            "batch_issued": self._issue_batch,
            "credits_retired": lambda entry: self.retirements.retire(entry.body),
            "retirement_use_stated": lambda entry: self.retirements.describe(entry.body),
            "credit_transfer_offered": lambda entry: self.credit_transfers.offer(entry.body),
            "credit_transfer_accepted": lambda entry: self.credit_transfers.accept(entry.body),
            "credit_transfer_declined": lambda entry: self.credit_transfers.end(entry.body),
            "credit_transfer_withdrawn": lambda entry: self.credit_transfers.end(entry.body),
            "credit_transfer_expired": lambda entry: self.credit_transfers.end(entry.body),
            "credits_cancelled": self.cancellations.cancel,
            "cancellation_requested": self.cancellations.request,
            "cancellation_confirmed": self.cancellations.confirm,
            "cancellation_refused": self.cancellations.refuse,
            "reversal_reported": self.cancellations.report_reversal,
            "reversal_confirmed": self.cancellations.confirm_reversal,
            "reversal_refused": self.cancellations.refuse_reversal,
            "reversal_compensated": lambda entry: self.cancellations.compensate(entry.body),
            "payment_requested": lambda entry: self.payments.request(entry.body),
            "payment_confirmed": lambda entry: self.payments.confirm(entry.body),
            "payment_refused": lambda entry: self.payments.refuse(entry.body),
            "bank_account_stated": lambda entry: self.bank_accounts.state(entry.body),
            "bank_account_confirmed": lambda entry: self.bank_accounts.decide(entry.body, "confirmed"),
            "bank_account_refused": lambda entry: self.bank_accounts.decide(entry.body, "refused"),
            "household_added": lambda entry: self.households.add(entry.body),
            "household_left": lambda entry: self.households.leave(entry.body),
            "sharing_plan_stated": lambda entry: self.sharing.state(entry.body),
            "proceeds_shared": lambda entry: self.sharing.share(entry.body),
            "payout_requested": lambda entry: self.payouts.request(entry.body),
            "payout_confirmed": lambda entry: self.payouts.confirm(entry.body),
            "payout_refused": lambda entry: self.payouts.refuse(entry.body),
            "correction_requested": lambda entry: self.corrections.request(entry.body),
            "correction_confirmed": lambda entry: self.corrections.confirm(entry.body),
            "correction_refused": lambda entry: self.corrections.refuse(entry.body),
            "market_opened": self._open_market,
            "block_offered": lambda entry: self.offers.offer(entry.body),
            "block_countered": lambda entry: self.offers.decide(entry.body),
            "block_accepted": lambda entry: self.offers.decide(entry.body),
            "block_declined": lambda entry: self.offers.decide(entry.body),
            "block_withdrawn": lambda entry: self.offers.decide(entry.body),
            "block_expired": lambda entry: self.offers.decide(entry.body),
            "one_way_auction_announced": lambda entry: self.auctions.announce(entry.body),
            "one_way_auction_awarded": lambda entry: self.auctions.award(entry.body),
            "one_way_auction_unsold": lambda entry: self.auctions.award(entry.body),
            "one_way_auction_cancelled": lambda entry: self.auctions.cancel(entry.body),
            "bid_placed": lambda entry: self.auctions.place(entry.body),
            "bid_withdrawn": lambda entry: self.auctions.end(entry.body),
            "bid_voided": lambda entry: self.auctions.end(entry.body),
            "bid_revealed": lambda entry: self.auctions.reveal(entry.body),
            "log_key_rotated": lambda entry: self.rotations.rotate(entry.index, entry.body),
        }

    def take(self, index: int, raw: bytes) -> None:
        """Replay one entry; what is wrong with it is among the findings."""
        entry: Entry | None = None
        try:
            entry = read_entry(index, raw)
            self.kinds[entry.kind] += 1
            if not self._record_ids.add(entry.id):
                raise Fault(f"record id {entry.id} was used before")
            handler = self._handlers.get(entry.kind)
            if handler is not None:
                handler(entry)
            elif entry.kind not in OTHERS and not entry.kind.startswith(FAMILIES):
                self.unknown_kinds[entry.kind] += 1
        except Fault as fault:
            if entry is None:
                self.findings.about_record(str(fault), index)
            else:
                self.findings.about_record(str(fault), index, entry.id, entry.kind)

    def finish(self) -> None:
        """Note what the end of the log leaves open."""
        for posted in self.awaited.waiting.values():
            problem = f"no {FOLLOWED_BY[posted.kind]} names transaction {posted.id} ({posted.kind})"
            self.findings.omission(problem, posted.entry.index, posted.entry.id, posted.entry.kind)
        for problem, entry in self.cancellations.left_open():
            self.findings.omission(problem, entry.index, entry.id, entry.kind)
        for transfer, entries in self._listed.entries.items():
            problem = f"no transaction moves the serial numbers that are listed for transfer {transfer}"
            self.findings.omission(problem, entries[0].index, entries[0].id, entries[0].kind)

    def _open_account(self, entry: Entry) -> None:
        body = entry.body
        organisation = text_or_none(body, "organisation")
        household = text(body, "household") if "household" in body else None
        self.accounts.open(text(body, "account"), text(body, "asset"), text(body, "purpose"), organisation, household)

    def _open_market(self, entry: Entry) -> None:
        self.settlements.open_market(text(entry.body, "market"), text(entry.body, "asset"))

    def _claim(self, entry: Entry) -> None:
        body = entry.body
        self.batches.claim(text(body, "report"), whole(body, "net_t"), whole(body, "buffer_t"))

    def _issue_batch(self, entry: Entry) -> None:
        body = entry.body
        posted = self.awaited.take(body, "batch_issued")
        batch = Batch(
            text(body, "asset"),
            text(body, "project"),
            whole(body, "vintage"),
            text(body, "report"),
            number_of(body.get("first_serial"), "first_serial"),
            number_of(body.get("last_serial"), "last_serial"),
            whole(body, "quantity_t", least=1),
            whole(body, "buffer_t"),
        )
        self.batches.register(batch, posted.legs)

    def _post(self, entry: Entry) -> None:
        posted = read_transaction(entry, self.accounts, self._listed.waiting)
        self.transactions[posted.kind] += 1
        for leg in posted.legs:
            leg.debit.balance -= leg.amount
            leg.credit.balance += leg.amount
        self.awaited.expect(posted)
        self._note_ids(posted)
        self._move_serials(posted)
        self._check_accounts(posted)
        if posted.kind == "settlement":
            self.settlements.settle(posted)
        elif posted.trade is not None:
            raise Fault(f"a {posted.kind} settles no trade")

    def _note_ids(self, posted: Posted) -> None:
        if not self._places.add(posted.id, posted.entry.index):
            raise Fault(f"transaction {posted.id} was posted before")
        for leg in posted.legs:
            if leg.id in self._listed.waiting:
                self._listed.use(leg.id)
            if not self._transfer_ids.add(number_of(leg.id, "transfer")):
                raise Fault(f"transfer {leg.id} was made before")
        if posted.idempotency_key is not None:
            # The hash of a text is 64 bits with a secret of this process: two of a million keys share one by no chance.
            key = hash(posted.idempotency_key)
            if key in self._keys:
                raise Fault(f"idempotency key {posted.idempotency_key!r:.60} was used before")
            self._keys.add(key)

    def _move_serials(self, posted: Posted) -> None:
        if posted.kind == "issuance":
            self.batches.make(posted.legs)
            return
        problems = [self.batches.move(leg) for leg in posted.legs if leg.runs is not None]
        if any(problems):
            raise Fault(next(filter(None, problems)))

    def _check_accounts(self, posted: Posted) -> None:
        for leg in posted.legs:
            giver = leg.debit
            if giver.balance < 0 and giver.purpose not in SOURCES:
                raise Fault(f"account {giver.id} gives more than it has: its balance would be {giver.balance}")
        if posted.reverses is not None:
            self._check_reversal(posted, posted.reverses)
        elif posted.kind == "reversal":
            raise Fault("a reversal names the transaction that it reverses")
        else:
            _check_purposes(posted)

    def _check_reversal(self, posted: Posted, wrong: int) -> None:
        place = self._places.find(wrong)
        if place is None or place == posted.entry.index:
            raise Fault(f"it reverses transaction {wrong}, which was never posted")
        if not self._reversed.add(wrong):
            raise Fault(f"transaction {wrong} was reversed before")
        if mirror(self._legs_at(place)) != moved(posted.legs):
            raise Fault(f"it does not mirror transaction {wrong}, which it reverses")

    def _legs_at(self, place: int) -> list[Leg]:
        """Return the transfers of a transaction that was replayed before: they are read again, not kept."""
        entry = self._entry_at(place)
        listed: dict[str, WrittenRuns] = {}
        for transfer in entry.body["transfers"]:
            if "serials_sha256" in transfer:
                listed[transfer["transfer"]] = self._listed.again(transfer["transfer"], self._entry_at)
        return read_transaction(entry, self.accounts, listed).legs

    def _entry_at(self, place: int) -> Entry:
        raw = self._read_again(place)
        if raw is None:
            raise Fault(f"record {place}, which it goes back to, cannot be read again")
        return read_entry(place, raw)


def _check_purposes(posted: Posted) -> None:
    """Check that nothing enters or leaves the journal but by the kind of transaction that is for it."""
    for leg in posted.legs:
        giver, receiver = leg.debit.purpose, leg.credit.purpose
        if posted.kind not in GIVES_BY.get(giver, (posted.kind,)) or giver != BEGINS_IN.get(posted.kind, giver):
            raise Fault(f"transfer {leg.id} of a {posted.kind} takes from account {leg.debit.id}, which is for {giver}")
        is_open = posted.kind in RECEIVES_BY.get(receiver, (posted.kind,))
        if not is_open or receiver != ENDS_IN.get(posted.kind, receiver):
            raise Fault(
                f"transfer {leg.id} of a {posted.kind} goes to account {leg.credit.id}, which is for {receiver}"
            )

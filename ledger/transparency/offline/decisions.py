"""Payments, retirements and corrections: requested and decided once, and each equal to the transaction that it names."""

from dataclasses import dataclass

from ledger.transparency.offline.accounts import CASH
from ledger.transparency.offline.entries import number_of
from ledger.transparency.offline.fields import Body, text, whole
from ledger.transparency.offline.findings import Fault
from ledger.transparency.offline.transactions import Posted

FOLLOWED_BY = {
    "deposit": "payment_confirmed",
    "withdrawal": "payment_confirmed",
    "issuance": "batch_issued",
    "retirement": "credits_retired",
    "cancellation": "credits_cancelled",
    "transfer": "credit_transfer_accepted",
    "reversal": "correction_confirmed",
    "distribution": "proceeds_shared",
    "payout": "payout_confirmed",
}
"""Kinds of transactions that another record must name, and the kind of that record; of transfers those of credits."""


class Awaited:
    """Transactions that wait for the record that says what they were for."""

    def __init__(self) -> None:
        self.waiting: dict[int, Posted] = {}

    def expect(self, posted: Posted) -> None:
        """Wait for the record that must name this transaction, where one must."""
        if posted.kind in FOLLOWED_BY and (posted.kind != "transfer" or posted.legs[0].debit.asset != CASH):
            self.waiting[posted.id] = posted

    def take(self, body: Body, kind: str, name: str = "transaction") -> Posted:
        """Return the transaction that a record of some kind names; it waits no longer.

        Raises: Fault where no such transaction waits.
        """
        number = number_of(body.get(name), name)
        posted = self.waiting.get(number)
        if posted is None or FOLLOWED_BY[posted.kind] != kind:
            raise Fault(f"it names transaction {number}, which is none that waits for a {kind}")
        return self.waiting.pop(number)


@dataclass(slots=True)
class _Request:
    organisation: str
    direction: str
    amount_fen: int


@dataclass(slots=True)
class _BankAccount:
    organisation: str
    # Its number, hidden: `number_commitment`, or the `number_sha256` of before there were nonces.
    number: str
    status: str = "stated"


class BankAccounts:
    """Where organisations' money is paid out to: stated once, decided once, about the very same number."""

    def __init__(self) -> None:
        self._accounts: dict[str, _BankAccount] = {}

    def state(self, body: Body) -> None:
        """Note an account that was stated.

        Raises: Fault.
        """
        account = text(body, "bank_account")
        if account in self._accounts:
            raise Fault(f"bank account {account} was stated before")
        self._accounts[account] = _BankAccount(text(body, "organisation"), _hidden_number(body))

    def decide(self, body: Body, status: str) -> None:
        """Note that an account was confirmed or refused.

        Raises: Fault.
        """
        account = text(body, "bank_account")
        stated = self._find(account, body)
        if stated.status != "stated":
            raise Fault(f"bank account {account} was {stated.status} before")
        stated.status = status

    def require_confirmed(self, body: Body) -> None:
        """Compare what a payment says of the account that it was paid to.

        Raises: Fault.
        """
        account = text(body, "bank_account")
        if self._find(account, body).status != "confirmed":
            raise Fault(f"it is paid to bank account {account}, which is not confirmed")

    def _find(self, account: str, body: Body) -> _BankAccount:
        found = self._accounts.get(account)
        if found is None:
            raise Fault(f"bank account {account} was never stated")
        if (found.organisation, found.number) != (text(body, "organisation"), _hidden_number(body)):
            raise Fault(f"bank account {account} is not what was stated")
        return found


def _hidden_number(body: Body) -> str:
    names = [name for name in ("number_commitment", "number_sha256") if name in body]
    if len(names) != 1:
        raise Fault("a bank account's number is hidden in one way")
    return f"{names[0]}:{text(body, names[0])}"


class Payments:
    """Money in and out by the bank: what was asked for is what was confirmed, and what was posted."""

    def __init__(self, awaited: Awaited, bank_accounts: BankAccounts) -> None:
        self._awaited = awaited
        self._bank_accounts = bank_accounts
        self._requests: dict[str, _Request] = {}
        self._seen: set[str] = set()

    def request(self, body: Body) -> None:
        """Note a payment that was asked for.

        Raises: Fault.
        """
        payment, request = _read_payment(body)
        if payment in self._seen:
            raise Fault(f"payment {payment} was requested before")
        self._seen.add(payment)
        self._requests[payment] = request

    def confirm(self, body: Body) -> None:
        """Compare a confirmed payment with its request and its transaction.

        Raises: Fault.
        """
        posted = self._awaited.take(body, "payment_confirmed")
        payment, stated = self._decide(body)
        if posted.kind != stated.direction:
            raise Fault(f"payment {payment} is a {stated.direction}, its transaction {posted.id} a {posted.kind}")
        if len(posted.legs) != 1 or posted.legs[0].debit.asset != CASH:
            raise Fault(f"payment {payment} is not one transfer of money")
        leg = posted.legs[0]
        bank, holder = (leg.debit, leg.credit) if stated.direction == "deposit" else (leg.credit, leg.debit)
        if leg.amount != stated.amount_fen:
            raise Fault(f"payment {payment} is of {stated.amount_fen} fen, its transaction of {leg.amount} fen")
        if (bank.purpose, holder.purpose, holder.organisation) != ("bank", "holding", stated.organisation):
            raise Fault(f"payment {payment} is not between the bank and organisation {stated.organisation}")
        # Withdrawals of before it was kept say nothing of it.
        if "bank_account" in body:
            self._bank_accounts.require_confirmed(body)

    def refuse(self, body: Body) -> None:
        """Note a payment that was refused.

        Raises: Fault.
        """
        self._decide(body)

    def _decide(self, body: Body) -> tuple[str, _Request]:
        payment, stated = _read_payment(body)
        request = self._requests.pop(payment, None)
        if request is None:
            raise Fault(f"payment {payment} was {'decided before' if payment in self._seen else 'never requested'}")
        if stated != request:
            raise Fault(f"payment {payment} is not what was requested")
        return payment, stated


def _read_payment(body: Body) -> tuple[str, _Request]:
    direction = text(body, "direction")
    if direction not in ("deposit", "withdrawal"):
        raise Fault(f"a payment's direction is not {direction!r:.40}")
    amount_fen = whole(body, "amount_fen", least=1)
    return text(body, "payment"), _Request(text(body, "organisation"), direction, amount_fen)


class Retirements:
    """Credits that were used up for good: each equal to its transaction. Units: tonnes."""

    def __init__(self, awaited: Awaited) -> None:
        self.count = 0
        self.quantity_t = 0
        self._awaited = awaited
        self._seen: set[str] = set()
        self._described: set[str] = set()

    def retire(self, body: Body) -> None:
        """Compare a retirement with its transaction.

        Raises: Fault.
        """
        posted = self._awaited.take(body, "credits_retired")
        retirement, asset, quantity_t = (
            text(body, "retirement"),
            text(body, "asset"),
            whole(body, "quantity_t", least=1),
        )
        if retirement in self._seen:
            raise Fault(f"retirement {retirement} was recorded before")
        self._seen.add(retirement)
        self.count += 1
        self.quantity_t += quantity_t
        moved_t = sum(leg.amount for leg in posted.legs)
        if any(leg.debit.asset != asset for leg in posted.legs):
            raise Fault(f"retirement {retirement} is of {asset}, its transaction of {posted.legs[0].debit.asset}")
        if moved_t != quantity_t:
            raise Fault(f"retirement {retirement} is of {quantity_t} t, its transaction of {moved_t} t")

    def describe(self, body: Body) -> None:
        """Note that more is said of the use of what was retired.

        Raises: Fault where that was never retired, or said before.
        """
        retirement = text(body, "retirement")
        text(body, "use_sha256")
        if retirement not in self._seen:
            raise Fault(f"retirement {retirement} was never recorded")
        if retirement in self._described:
            raise Fault(f"the use of retirement {retirement} was stated before")
        self._described.add(retirement)


class Corrections:
    """Corrections that somebody asked for and a second person decided."""

    def __init__(self, awaited: Awaited) -> None:
        self._awaited = awaited
        self._requests: dict[str, int] = {}
        self._seen: set[str] = set()

    def request(self, body: Body) -> None:
        """Note a correction that was asked for.

        Raises: Fault.
        """
        correction = text(body, "correction")
        if correction in self._seen:
            raise Fault(f"correction {correction} was requested before")
        self._seen.add(correction)
        self._requests[correction] = number_of(body.get("transaction"), "transaction")

    def confirm(self, body: Body) -> None:
        """Compare a confirmed correction with its request and the reversal that it names.

        Raises: Fault.
        """
        reversal = self._awaited.take(body, "correction_confirmed", "reversal")
        correction, wrong = self._decide(body)
        if reversal.reverses != wrong:
            raise Fault(f"correction {correction} is of transaction {wrong}, its reversal of {reversal.reverses}")

    def refuse(self, body: Body) -> None:
        """Note a correction that was refused.

        Raises: Fault.
        """
        self._decide(body)

    def _decide(self, body: Body) -> tuple[str, int]:
        correction = text(body, "correction")
        wrong = self._requests.pop(correction, None)
        if wrong is None:
            state = "decided before" if correction in self._seen else "never requested"
            raise Fault(f"correction {correction} was {state}")
        if number_of(body.get("transaction"), "transaction") != wrong:
            raise Fault(f"correction {correction} is not what was requested")
        return correction, wrong

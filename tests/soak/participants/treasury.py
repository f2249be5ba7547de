"""The operator's treasurers: one enters what the bank has received, the other confirms; withdrawals and payouts they pay."""

from collections.abc import Mapping
from typing import Any

from tests.soak.line import Answer
from tests.soak.participants.base import Participant


class Treasurer(Participant):
    """The first enters deposits; the second confirms them, and all that is to be paid."""

    pause_seconds = 2.0

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._count = 0
        self._is_second = bool(self.plan.more.get("is_second"))
        # Who confirms comes last.
        self.round = 2 if self._is_second else 1

    def step(self) -> None:
        """Do what waits."""
        if self._is_second:
            self._confirm("/payments", bank_reference_for=("withdrawal",))
            self._confirm("/payouts", bank_reference_for=())
        else:
            self._enter_deposits()

    def finish(self) -> None:
        """Leave nothing that waits."""
        self.step()

    def _enter_deposits(self) -> None:
        while self.place.bank:
            organisation, amount_fen = self.place.bank.pop()
            self._count += 1
            deposit = {
                "organisation": organisation,
                "amount_fen": amount_fen,
                "bank_reference": f"ICBC-{self.plan.name}-{self._count}",
            }
            answer = self.line.ask("POST", "/payments/deposits", deposit, Idempotency_Key=self.key())
            self._note("deposit", deposit, answer)

    def _confirm(self, path: str, *, bank_reference_for: tuple[str, ...]) -> None:
        waiting = self.results(f"{path}?status=requested&page_size=500")
        for each in waiting:
            is_named = path == "/payouts" or each["direction"] in bank_reference_for
            body = {"bank_reference": f"OUT-{path[1:4]}-{each['id']}"} if is_named else {}
            answer = self.line.ask("POST", f"{path}/{each['id']}/confirm", body, Idempotency_Key=self.key())
            kind = "payout" if path == "/payouts" else each["direction"]
            asked = {"id": each["id"], "amount_fen": each["amount_fen"]}
            self._note(f"confirmed {kind}", asked, answer)

    def _note(self, what: str, asked: Mapping[str, Any], answer: Answer | None) -> None:
        told: dict[str, Any] = {what: dict(asked), "status": answer.status if answer else 0}
        if answer is not None and answer.status < 300:
            told["id"] = answer.content["id"]
        self.tell(**told)

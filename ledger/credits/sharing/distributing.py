"""Share what sales have brought: soon after each settlement, never in its way, each settlement once.

One pass takes a cooperative's sales that nobody has looked at yet, by plan and batch, and makes of each such group one
distribution: from the cooperative's cash to its households' accounts; what the plan retains stays where it is. It looks
at transfers in the order of their ids, which are drawn while the account is locked: once it holds the lock, none with a
lower id can come later. Where the cooperative has spent the money meanwhile, as many of the oldest sales are shared as
its cash covers, and the others when there is more.
"""

import datetime as dt
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from ledger.credits.models import Batch
from ledger.credits.sharing.basis import Basis, Rule, basis_of, contributions_of, members, shares_of
from ledger.credits.sharing.entries import WrittenShare, proceeds_shared, shares_sha256
from ledger.credits.sharing.locks import newest_transfer, try_lock_sharing
from ledger.credits.sharing.models import DistributedSale, Distribution, Share, SharingPlan, SharingProgress
from ledger.journal.household_accounts import open_share_accounts
from ledger.journal.locks import lock_accounts
from ledger.journal.models import Account, Transaction
from ledger.journal.posting import Leg, Posting, post_within
from ledger.journal.selectors import cash_account
from ledger.journal.terms import MAX_LEGS
from ledger.parties.models import Organisation
from ledger.rows import draw_ids, insert_rows
from ledger.transparency.services import append_record

logger = logging.getLogger(__name__)

SALES_AT_A_TIME = 1_000
"""Sales of one distribution at most: as many as its entry of the log surely holds."""


@dataclass(frozen=True, slots=True)
class Sale:
    """A settlement in which the cooperative sold credits of a project of its own. Units: fen, after the fee."""

    transfer_id: int
    transaction_id: int
    occurred_at: dt.datetime
    net_fen: int
    batch_id: int
    project_id: int


@dataclass(frozen=True, slots=True)
class Pass:
    """What a pass has done: how many sales it shared, and whether there may be more to look at."""

    shared: int
    goes_on: bool


def share_waiting_proceeds() -> int:
    """Share what every cooperative's sales have brought since somebody last looked; return how many were shared."""
    return sum(share_proceeds(cooperative_id) for cooperative_id in _cooperatives_with_news())


def share_proceeds(cooperative_id: int) -> int:
    """Share what a cooperative's sales have brought; return how many were shared. Somebody else who is at it goes on alone.

    Locks: the cooperative's progress, its cash account, its households' accounts; let go after each pass.
    """
    shared = 0
    while True:
        done = _share_some(cooperative_id)
        shared += done.shared
        if not done.goes_on:
            return shared


def _cooperatives_with_news() -> list[int]:
    """Return the cooperatives with a plan whose cash has received anything that was not looked at."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT progress.cooperative_id
              FROM ledger_sharingprogress progress
              JOIN ledger_account account ON account.organisation_id = progress.cooperative_id
              JOIN ledger_asset asset ON asset.id = account.asset_id AND asset.code = 'CNY'
             WHERE EXISTS (SELECT FROM ledger_transfer transfer
                            WHERE transfer.credit_account_id = account.id AND transfer.id > progress.looked_to)
             ORDER BY progress.cooperative_id
            """
        )
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def _share_some(cooperative_id: int) -> Pass:
    looked_to = try_lock_sharing(cooperative_id)
    if looked_to is None:
        return Pass(0, goes_on=False)
    cooperative = Organisation.objects.get(pk=cooperative_id)
    account = cash_account(cooperative)
    if account is None:
        return Pass(0, goes_on=False)
    locked = lock_accounts([account.pk])[account.pk]
    # Asked for while the account is locked: all transfers up to it are there.
    newest = newest_transfer(account.pk)
    sales = waiting_sales(cooperative_id, account.pk, looked_to)
    available_fen, waiting = locked.available, []
    shared = 0
    for (plan, batch_id), group in _by_plan_and_batch(cooperative_id, sales).items():
        covered = _Sharing(cooperative, account, plan, batch_id).share(group, available_fen)
        available_fen -= covered.spent_fen
        shared += covered.count
        waiting += group[covered.count :]
    is_full = len(sales) == SALES_AT_A_TIME
    up_to = min((sale.transfer_id - 1 for sale in waiting), default=sales[-1].transfer_id if is_full else newest)
    SharingProgress.objects.filter(pk=cooperative_id).update(looked_to=max(looked_to, up_to))
    # With sales that wait for money the next pass would find the same ones.
    return Pass(shared, goes_on=is_full and not waiting)


def waiting_sales(cooperative_id: int, account_id: int, looked_to: int, most: int = SALES_AT_A_TIME) -> list[Sale]:
    """Return a cooperative's sales after a transfer that are not shared, the oldest first: of its own projects' credits."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT sale.id, tx.id, tx.occurred_at, sale.amount - coalesce(fee.amount, 0), batch.id, batch.project_id
              FROM ledger_transfer sale
              JOIN ledger_transaction tx ON tx.id = sale.transaction_id AND tx.kind = 'settlement'
              JOIN ledger_transfer goods ON goods.transaction_id = tx.id AND goods.serials IS NOT NULL
              JOIN ledger_account giver ON giver.id = goods.debit_account_id
              JOIN ledger_batch batch ON batch.asset_id = giver.asset_id
              JOIN ledger_project project ON project.id = batch.project_id AND project.proponent_id = %(cooperative)s
              LEFT JOIN ledger_transfer fee ON fee.transaction_id = tx.id AND fee.debit_account_id = %(account)s
             WHERE sale.credit_account_id = %(account)s AND sale.id > %(looked_to)s
               AND NOT EXISTS (SELECT FROM ledger_distributedsale shared WHERE shared.transaction_id = tx.id)
             ORDER BY sale.id LIMIT %(most)s
            """,
            {"cooperative": cooperative_id, "account": account_id, "looked_to": looked_to, "most": most},
        )
        return [Sale(*row) for row in cursor.fetchall()]


def plan_at(
    plans: Iterable[SharingPlan], project_id: int, at: dt.datetime, transfer_id: int | None = None
) -> SharingPlan | None:
    """Return the plan that held for a sale of a project: the project's own before the one for all.

    Without a transfer: that holds at an instant.
    """
    held = [
        plan
        for plan in plans
        if plan.effective_from <= at
        and plan.project_id in (None, project_id)
        and (transfer_id is None or plan.after_transfer < transfer_id)
    ]
    return max(held, key=lambda plan: (plan.project_id is not None, plan.effective_from, plan.version), default=None)


def _by_plan_and_batch(cooperative_id: int, sales: Sequence[Sale]) -> dict[tuple[SharingPlan, int], list[Sale]]:
    if not sales:
        return {}
    plans = list(SharingPlan.objects.filter(cooperative=cooperative_id))
    groups: dict[tuple[SharingPlan, int], list[Sale]] = {}
    for sale in sales:
        plan = plan_at(plans, sale.project_id, sale.occurred_at, sale.transfer_id)
        # What was sold before there was a plan is the cooperative's own.
        if plan is not None and sale.net_fen > 0:
            groups.setdefault((plan, sale.batch_id), []).append(sale)
    return groups


@dataclass(frozen=True, slots=True)
class Covered:
    """How many of a group's oldest sales were shared, and what left the cooperative's cash for them."""

    count: int
    spent_fen: int


NOTHING_COVERED = Covered(0, 0)


@dataclass(frozen=True, slots=True)
class _Sharing:
    """Sales of one batch under one plan, about to be shared."""

    cooperative: Organisation
    account: Account
    plan: SharingPlan
    batch_id: int

    @property
    def rule(self) -> Rule:
        plan = self.plan
        return Rule(plan.retained_bps, plan.area_bps, plan.equal_bps, plan.contribution_bps)

    def share(self, sales: Sequence[Sale], available_fen: int) -> Covered:
        """Share as many of the oldest sales as the cash at hand covers, with those that take part and weigh something."""
        sales = self._covered(sales, available_fen)
        if not sales:
            return NOTHING_COVERED
        batch = Batch.objects.select_related("asset").get(pk=self.batch_id)
        basis = basis_of(
            members(self.cooperative.pk, batch.vintage), [batch.project_id], contributions_of(self.plan.pk)
        )
        net_fen = sum(sale.net_fen for sale in sales)
        retained_fen = self.rule.retained(net_fen)
        shares = shares_of(net_fen - retained_fen, basis, self.rule)
        if shares is None and retained_fen < net_fen:
            # Nobody has a field there yet, or whatever the plan goes by: it is shared as soon as somebody has.
            return NOTHING_COVERED
        self._write(batch, sales, list(zip(basis, shares or [0] * len(basis), strict=True)), retained_fen)
        return Covered(len(sales), net_fen - retained_fen)

    def _covered(self, sales: Sequence[Sale], available_fen: int) -> Sequence[Sale]:
        net_fen = 0
        for count, sale in enumerate(sales):
            net_fen += sale.net_fen
            if net_fen - self.rule.retained(net_fen) > available_fen:
                return sales[:count]
        return sales

    def _write(
        self, batch: Batch, sales: Sequence[Sale], shares: Sequence[tuple[Basis, int]], retained_fen: int
    ) -> None:
        now = timezone.now()
        (distribution_id,) = draw_ids(Distribution, 1)
        paid = [(basis, amount) for basis, amount in shares if amount]
        transactions = self._post(distribution_id, paid, now)
        moved_by = {
            basis.household_id: transaction_id
            for transaction_id, part in zip(transactions, _parts(paid), strict=True)
            for basis, _amount in part
        }
        net_fen = sum(sale.net_fen for sale in sales)
        distribution = Distribution(
            pk=distribution_id,
            cooperative=self.cooperative,
            plan=self.plan,
            batch=batch,
            net_fen=net_fen,
            retained_fen=retained_fen,
            shared_fen=net_fen - retained_fen,
            shares_sha256=shares_sha256(
                WrittenShare(
                    str(basis.public_id), basis.area_ha, basis.contribution, amount, moved_by.get(basis.household_id)
                )
                for basis, amount in shares
            ),
            distributed_at=now,
        )
        # Its record stands after those of the transactions that it explains.
        named = [(sale.transaction_id, sale.net_fen) for sale in sales]
        body = proceeds_shared(distribution, batch.asset.code, named, transactions)
        distribution.record_id = append_record(kind="proceeds_shared", body=body, actor="system", at=now)
        distribution.save(force_insert=True)
        _write_sales(distribution, sales)
        _write_shares(distribution, shares, moved_by)

    def _post(self, distribution_id: int, paid: Sequence[tuple[Basis, int]], now: dt.datetime) -> list[int]:
        """Move the shares, as many in a transaction as its entry holds, and return the transactions."""
        if not paid:
            return []
        accounts = open_share_accounts({basis.household_id: basis.public_id for basis, _amount in paid})
        postings = [
            Posting(
                Transaction.Kind.DISTRIBUTION,
                [Leg(self.account.pk, accounts[basis.household_id], amount) for basis, amount in part],
                "system",
                now,
                idempotency_key=f"distribution:{distribution_id}:{number}",
            )
            for number, part in enumerate(_parts(paid), 1)
        ]
        return [posted.transaction_id for posted in post_within(postings)]


def _parts(paid: Sequence[tuple[Basis, int]]) -> list[Sequence[tuple[Basis, int]]]:
    """Return shares in parts that one transaction each takes."""
    return [paid[start : start + MAX_LEGS] for start in range(0, len(paid), MAX_LEGS)]


def _write_sales(distribution: Distribution, sales: Sequence[Sale]) -> None:
    insert_rows(
        DistributedSale,
        ("transaction_id", "distribution_id", "net_fen"),
        ("int8", "int8", "int8"),
        [(sale.transaction_id, distribution.pk, sale.net_fen) for sale in sales],
    )


def _write_shares(distribution: Distribution, shares: Sequence[tuple[Basis, int]], moved_by: dict[int, int]) -> None:
    insert_rows(
        Share,
        ("id", "distribution_id", "household_id", "area_ha", "contribution", "amount_fen", "transaction_id"),
        ("int8", "int8", "int8", "numeric", "int8", "int8", "int8"),
        [
            (
                share_id,
                distribution.pk,
                basis.household_id,
                basis.area_ha,
                basis.contribution,
                amount,
                moved_by.get(basis.household_id),
            )
            for share_id, (basis, amount) in zip(draw_ids(Share, len(shares)), shares, strict=True)
        ],
    )

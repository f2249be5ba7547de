"""What the house refuses, and why: one tree, shared by pages, API, admin and tasks."""

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from psycopg.errors import ReadOnlySqlTransaction


class DomainError(Exception):
    """An expected refusal: a stable code for programs, a translated sentence for people, its parameters.

    `field` names the input that is at fault, where one is.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422
    message: ClassVar[str | Promise] = _("This cannot be done.")

    def __init__(self, *, field: str | None = None, **params: Any) -> None:
        super().__init__(self.code)
        self.field = field
        self.params = params

    def __str__(self) -> str:
        return str(self.message) % self.params


class ReadOnly(DomainError):
    """The database refuses what writes: it is a restored copy that nobody has taken into service, or a standby."""

    code, status = "read_only", 503
    message = _("Nothing can be changed here just now: this is a copy, or a standby. What is there can be read.")


def refusal_of(exception: Exception) -> DomainError | None:
    """Return the refusal that an exception is, or stands for; None for any other."""
    if isinstance(exception, DomainError):
        return exception
    return ReadOnly() if isinstance(exception.__cause__, ReadOnlySqlTransaction) else None


class NotFound(DomainError):
    code, status, message = "not_found", 404, _("There is no such thing here, or it is not yours to see.")


class NoSuchSize(DomainError):
    code, status = "no_such_size", 404
    message = _("The log has no tree of size %(size)s: it has %(records)s records.")


class NotAllowed(DomainError):
    code, status, message = "not_allowed", 403, _("Your role does not allow this.")


class InsufficientScope(DomainError):
    code, status = "insufficient_scope", 403
    message = _("This token has not the scope that is needed: %(scope)s. Make one that has it.")


class AddressNotAllowed(DomainError):
    code, status = "address_not_allowed", 403
    message = _("This token is not good from the address %(address)s: it names the networks that it may come from.")


class RateLimited(DomainError):
    code, status = "rate_limited", 429
    message = _("Too many requests. Try again in %(seconds)s seconds.")


class OrganisationNotApproved(DomainError):
    code, status = "organisation_not_approved", 403
    message = _("The organisation %(organisation)s is not approved yet. The operator approves it first.")


class OrganisationSuspended(DomainError):
    code, status = "organisation_suspended", 403
    message = _(
        "The organisation %(organisation)s is suspended: its tokens are refused. Its people still read by the pages."
    )


class WrongCredentials(DomainError):
    code, status, message = "wrong_credentials", 401, _("User name and password do not match.")


class TooManyAttempts(DomainError):
    code, status = "too_many_attempts", 429
    message = _("Too many attempts. Try again in %(seconds)s seconds.")


class LastOwner(DomainError):
    code, status = "last_owner", 409
    message = _("An organisation keeps one owner at least. Make somebody else an owner first.")


class ActsAlready(DomainError):
    code, status = "acts_already", 409
    message = _("This person acts for an organisation already. Who wants to act for another leaves that one first.")


class InvitationOver(DomainError):
    code, status = "invitation_over", 410
    message = _("This invitation is not good any more: it is used, withdrawn or over. Ask for a new one.")


class SecondFactorNeeded(DomainError):
    code, status = "second_factor_needed", 401
    message = _("This account is protected by two-step verification: give a code of the app, or a recovery code, too.")


class WrongCode(DomainError):
    code, status = "wrong_code", 401
    message = _("The code is wrong, or was used already. Each code is good once: wait for the next one.")


class SecondFactorMissing(DomainError):
    code, status = "second_factor_missing", 403
    message = _("This needs two-step verification, which you have not set up yet. Set it up on the page “Security”.")


class SecondFactorUnused(DomainError):
    code, status = "second_factor_unused", 403
    message = _(
        "This needs two-step verification, which you have not used since you logged in. Confirm that it is you."
    )


class ConfirmationNeeded(DomainError):
    code, status = "confirmation_needed", 403
    message = _("Confirm first that it is you: this needs a second factor used within the last minutes.")


class LastFactor(DomainError):
    code, status = "last_factor", 409
    message = _("Your organisation needs two-step verification: add another way before you remove the last one.")


class SamePerson(DomainError):
    code, status = "same_person", 409
    message = _("A second person must confirm this: the one who prepared or verified it may not.")


class ConflictOfInterest(DomainError):
    code, status = "conflict_of_interest", 409
    message = _("This verifier may not judge the project: %(reason)s")


class WrongState(DomainError):
    code, status = "wrong_state", 409
    message = _("This is %(state)s now, so the step cannot be taken.")


class NotAssigned(DomainError):
    code, status = "not_assigned", 403
    message = _("This report is not assigned to your organisation.")


class FindingsOpen(DomainError):
    code, status = "findings_open", 409
    message = _("%(count)s findings are not closed yet: the report cannot be verified before they are.")


class InvalidValue(DomainError):
    code, status = "invalid_value", 422
    message = _("%(reason)s")


class FileOutOfReach(DomainError):
    code, status = "file_out_of_reach", 503
    message = _("The file cannot be read just now. The operator has been told.")


class HouseholdListRefused(InvalidValue):
    code, status, message = "household_list_refused", 422, _("Nothing was stored. %(problems)s")


class TooManyWebhooks(DomainError):
    code, status = "too_many_webhooks", 409
    message = _("An organisation has at most %(most)s webhooks. Remove one first.")


class NothingToPayOut(DomainError):
    code, status = "nothing_to_pay_out", 409
    message = _("No household has anything to be paid out.")


class NoBankAccount(DomainError):
    code, status = "no_bank_account", 409
    message = _(
        "No bank account of %(organisation)s is confirmed yet, so no money can be paid out. The operator enters it from the contract, "
        "or from a letter with the organisation's seal."
    )


class BankAccountChanged(DomainError):
    code, status = "bank_account_changed", 409
    message = _(
        "The bank account has changed while this withdrawal waited: it is %(account)s now. Say to which one the bank has paid."
    )


class InsufficientBalance(DomainError):
    code, status = "insufficient_balance", 409
    message = _("Available is %(available)s, needed is %(needed)s.")


class BalanceOverflow(DomainError):
    code, status = "balance_overflow", 422
    message = _("The balance of account %(account)s would be larger than the ledger counts.")


class UnknownAccount(DomainError):
    code, status, message = "unknown_account", 422, _("There is no account %(account)s.")


class InvalidAmount(InvalidValue):
    code, status = "invalid_amount", 422
    message = _("An amount is a whole number from 1 to 9,007,199,254,740,991.")


class EmptyTransaction(InvalidValue):
    code, status, message = "empty_transaction", 422, _("A transaction has at least one transfer.")


class TooManyTransfers(InvalidValue):
    code, status, message = "too_many_transfers", 422, _("A transaction has at most %(most)s transfers.")


class SameAccount(InvalidValue):
    code, status, message = "same_account", 422, _("A transfer is between two different accounts.")


class StatementTooLong(DomainError):
    code, status = "statement_too_long", 422
    message = _("A statement in this form has at most %(most)s transfers. Choose a shorter period.")


class SheetTooLong(DomainError):
    code, status = "sheet_too_long", 422
    message = _("A workbook has at most %(most)s lines of a calculation. Take the CSV, which has them all.")


class AssetMismatch(DomainError):
    code, status, message = "asset_mismatch", 422, _("Both accounts of a transfer must be in one asset.")


class HoldChanged(DomainError):
    code, status = "hold_changed", 409
    message = _("A hold was released or changed meanwhile. Read it again.")


class InvalidSerials(InvalidValue):
    code, status = "invalid_serials", 422
    message = _("The serial numbers of a transfer of credits are as many as its tonnes, each named once.")


class SerialsNotOwned(DomainError):
    code, status = "serials_not_owned", 409
    message = _("Account %(account)s does not own all the serial numbers that it is to give.")


class ChosenSerialsNotOwned(SerialsNotOwned):
    message = _("The account does not hold all of the serial numbers from %(first)s to %(last)s. Choose others.")


class NotReversible(DomainError):
    code, status, message = "not_reversible", 409, _("%(reason)s")


class AlreadyReversed(DomainError):
    code, status = "already_reversed", 409
    message = _("This transaction is reversed already, or its reversal waits to be confirmed.")


class IdempotencyConflict(DomainError):
    code, status = "idempotency_conflict", 409
    message = _("The key %(key)s was used before with other content.")


class IdempotencyInFlight(DomainError):
    code, status = "idempotency_in_flight", 409
    message = _("A request with this key is being worked on. Ask again in %(seconds)s s with the same key.")


class IdempotencyKeyReused(DomainError):
    code, status = "idempotency_key_reused", 422
    message = _("The Idempotency-Key %(key)s was used before for another request. Take a new one.")


class InvalidIdempotencyKey(DomainError):
    code, status = "invalid_idempotency_key", 400
    message = _("An Idempotency-Key is 1 to 64 printable ASCII characters without spaces, such as a UUID.")


class PreconditionFailed(DomainError):
    code, status = "precondition_failed", 412
    message = _("Somebody has changed this meanwhile. Read it again, and then decide.")


class AlreadyIssued(DomainError):
    code, status, message = "already_issued", 409, _("The credits of this report have been issued already.")


class UnknownRecipient(DomainError):
    code, status = "unknown_recipient", 422
    message = _(
        "There is no other approved cooperative or buyer with this unified social credit code or public id. Ask for it."
    )


class TransferNotOpen(DomainError):
    code, status = "transfer_not_open", 409
    message = _("This transfer is %(state)s now: it can no longer be decided.")


class TooManyTransfersOpen(DomainError):
    code, status = "too_many_transfers_open", 429
    message = _("At most %(most)s transfers may be open at a time. Withdraw some first.")


class ReversalReportedAlready(DomainError):
    code, status = "reversal_reported_already", 409
    message = _("This loss is reported already, and waits to be confirmed.")


class LossTooLarge(DomainError):
    code, status = "loss_too_large", 422
    message = _("Of this project %(most)s t can still be lost: what was issued, less what was reported as lost before.")


class NothingOwed(DomainError):
    code, status = "nothing_owed", 409
    message = _("Owed are %(owed)s t: cancel no more than these to make up for the reversal.")


class ReversalOwed(DomainError):
    code, status = "reversal_owed", 409
    message = _(
        "The project %(project)s owes %(owed)s t for a reversal. It makes up for them first, with credits of its own."
    )


class LossUndecided(DomainError):
    code, status = "loss_undecided", 409
    message = _(
        "A loss of the project %(project)s is reported and not decided yet. The operator decides about it first."
    )


class NoSerialNumber(DomainError):
    code, status = "no_serial_number", 404
    message = _("This is no serial number: write a whole number from 1 on, or TH-35-000001-2022-000000000123.")


class UnknownSerialNumber(DomainError):
    code, status = "unknown_serial_number", 404
    message = _("No tonne has the serial number %(serial)s: the highest one that was issued is %(highest)s.")


class SerialNumberElsewhere(DomainError):
    code, status = "serial_number_elsewhere", 404
    message = _("The serial number %(serial)s is not of %(named)s: it is of %(batch)s.")

"""Accounts with their transfers and serial numbers, and payments by the bank."""

import datetime as dt
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from psycopg.types.range import Range
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.authentication import require_fresh_session
from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import MAX_WHOLE, Choice, Identifier, Moment, Text, WholeNumber
from ledger.api.filters import WindowQuerySerializer, narrowed
from ledger.api.schema import refuses
from ledger.api.serializers import (
    NothingSerializer,
    OrganisationNameSerializer,
    PageQuerySerializer,
    StrictSerializer,
)
from ledger.api.statements import InstantQuerySerializer
from ledger.credits.sharing.distributing import share_proceeds
from ledger.errors import (
    BankAccountChanged,
    InsufficientBalance,
    InvalidValue,
    NoBankAccount,
    NotAllowed,
    NotFound,
    OrganisationNotApproved,
    SamePerson,
    WrongState,
)
from ledger.journal import payments
from ledger.journal.models import Account, Asset, Payment, SerialBlock, Transaction, Transfer
from ledger.journal.selectors import (
    access_account_by_id,
    access_payment_by_id,
    accounts_seen_by,
    balances_at,
    payments_seen_by,
    sealed_accounts,
    serial_blocks,
    statement,
)
from ledger.journal.statements import check_instant
from ledger.parties.models import Organisation
from ledger.parties.scopes import Scope

DIRECTIONS = [("in", "in"), ("out", "out")]


class SerialRunSerializer(serializers.Serializer[Any]):
    """A run of serial numbers, in texts: they may be longer than what a reader of JSON keeps exactly."""

    first_serial = Text()
    last_serial = Text()
    quantity_t = serializers.IntegerField()


class OwnedRunSerializer(SerialRunSerializer):
    """The run of a block."""

    def to_representation(self, block: SerialBlock) -> dict[str, Any]:
        return serial_run(block.serials)


class AccountQuerySerializer(PageQuerySerializer, InstantQuerySerializer):
    """Query parameters of the list of accounts."""

    kind = Choice(required=False, choices=Asset.Kind.choices)
    purpose = Choice(required=False, choices=Account.Purpose.choices)
    asset = Text(required=False, max_length=40, help_text="The code of an asset.")


class TransfersQuerySerializer(WindowQuerySerializer):
    """Query parameters of the list of an account's transfers."""

    kind = Choice(required=False, choices=Transaction.Kind.choices)


class PaymentQuerySerializer(WindowQuerySerializer):
    """Query parameters of the list of payments."""

    direction = Choice(required=False, choices=Payment.Direction.choices)
    status = Choice(required=False, choices=Payment.Status.choices)


HELD = "Known as of now alone: null with `at`, and of others' accounts as long as a sealed bid is deposited there."


class AccountSerializer(serializers.Serializer[Account]):
    """Units: fen where the asset is CNY, whole tonnes where it is a batch of credits.

    Of the past only balances are known: what was held then is not kept.
    """

    id = serializers.IntegerField()
    organisation = OrganisationNameSerializer(allow_null=True, help_text="Null for households and the system's own.")
    household = Identifier(source="household.public_id", allow_null=True, help_text="Whose share it is; else null.")
    asset = Text(source="asset.code")
    kind = Choice(choices=Asset.Kind.choices, source="asset.kind")
    purpose = Choice(choices=Account.Purpose.choices)
    at = serializers.SerializerMethodField(help_text="The past instant that was asked for; null for now.")
    balance = serializers.SerializerMethodField(help_text="At that instant, or now.")
    held = serializers.SerializerMethodField(help_text=HELD)
    available = serializers.SerializerMethodField(help_text=HELD)

    @extend_schema_field(Moment(allow_null=True))
    def get_at(self, account: Account) -> dt.datetime | None:
        at: dt.datetime | None = self.context["at"]
        return at

    def get_balance(self, account: Account) -> int:
        return account.balance if self.context["at"] is None else self.context["balances"][account.pk]

    def get_held(self, account: Account) -> int | None:
        return account.held if self._is_told(account) else None

    def get_available(self, account: Account) -> int | None:
        return account.available if self._is_told(account) else None

    def _is_told(self, account: Account) -> bool:
        return self.context["at"] is None and account.pk not in self.context["sealed"]


class TransferSerializer(serializers.Serializer[Transfer]):
    id = serializers.IntegerField()
    transaction = serializers.IntegerField(source="transaction_id")
    kind = Choice(choices=Transaction.Kind.choices, source="transaction.kind")
    direction = serializers.SerializerMethodField()
    amount = serializers.IntegerField()
    serials = serializers.SerializerMethodField()
    occurred_at = Moment(source="transaction.occurred_at")

    @extend_schema_field(serializers.ChoiceField(choices=DIRECTIONS))
    def get_direction(self, transfer: Transfer) -> str:
        return "in" if transfer.credit_account_id == self.context["account"].pk else "out"

    @extend_schema_field(SerialRunSerializer(many=True))
    def get_serials(self, transfer: Transfer) -> Any:
        return [serial_run(run) for run in transfer.serials or ()]


class NewDepositSerializer(StrictSerializer):
    organisation = Identifier()
    amount_fen = WholeNumber(min_value=1, max_value=MAX_WHOLE)
    bank_reference = Text(max_length=64)


class NewWithdrawalSerializer(StrictSerializer):
    amount_fen = WholeNumber(min_value=1, max_value=MAX_WHOLE)


class ConfirmationSerializer(StrictSerializer):
    bank_reference = Text(max_length=64, required=False, help_text="Needed for a withdrawal.")
    bank_account = WholeNumber(
        min_value=1,
        max_value=MAX_WHOLE,
        required=False,
        help_text="To which one the bank has paid a withdrawal; needed where another one was confirmed while it waited.",
    )


class PaymentSerializer(serializers.Serializer[Payment]):
    id = serializers.IntegerField()
    organisation = OrganisationNameSerializer()
    direction = Choice(choices=Payment.Direction.choices)
    amount_fen = serializers.IntegerField()
    bank_reference = Text()
    status = Choice(choices=Payment.Status.choices)
    bank_account = serializers.IntegerField(
        source="bank_account_id",
        allow_null=True,
        help_text="To which one a withdrawal was paid; null until it is posted.",
    )
    requested_at = Moment()
    decided_at = Moment(allow_null=True)


def serial_run(run: Range[int]) -> dict[str, Any]:
    """Return a run of serial numbers as the API writes it."""
    assert run.lower is not None
    assert run.upper is not None
    return {
        "first_serial": str(run.lower),
        "last_serial": str(run.upper - 1),
        "quantity_t": run.upper - run.lower,
    }


class Accounts(Endpoint):
    tag = "accounts"

    @extend_schema(summary="List accounts", parameters=[AccountQuerySerializer], responses=AccountSerializer(many=True))
    @refuses(InvalidValue)
    def list_accounts(self, request: Request) -> Response:
        """Your organisation's holdings; the operator and auditors see all accounts."""
        wanted = self.query(AccountQuerySerializer)
        at = check_instant(wanted.get("at"))
        columns = {"kind": "asset__kind", "purpose": "purpose", "asset": "asset__code"}
        return self.page(
            narrowed(accounts_seen_by(self.actor), wanted, columns),
            AccountSerializer,
            lambda found: {
                "at": at,
                "balances": balances_at(found, at) if at else {},
                "sealed": sealed_accounts(each for each in found if each.organisation != self.actor.organisation),
            },
        )

    @extend_schema(
        summary="List an account's transfers",
        parameters=[TransfersQuerySerializer],
        responses=TransferSerializer(many=True),
    )
    def list_transfers(self, request: Request, account_id: int) -> Response:
        """Newest first, with the serial numbers that moved."""
        wanted = self.query(TransfersQuerySerializer)
        account = access_account_by_id(account_id=account_id, membership=self.actor)
        found = narrowed(statement(account), wanted, {"kind": "transaction__kind"}, time="transaction__occurred_at")
        return self.page(found, TransferSerializer, lambda _found: {"account": account})

    @extend_schema(
        summary="List an account's serial numbers",
        parameters=[PageQuerySerializer],
        responses=SerialRunSerializer(many=True),
    )
    def list_serials(self, request: Request, account_id: int) -> Response:
        """The runs that it owns now, the latest received first."""
        self.query(PageQuerySerializer)
        account = access_account_by_id(account_id=account_id, membership=self.actor)
        return self.page(serial_blocks(account), OwnedRunSerializer)


class Payments(Endpoint):
    tag = "payments"
    writes = Scope.WITHDRAW

    @extend_schema(summary="List payments", parameters=[PaymentQuerySerializer], responses=PaymentSerializer(many=True))
    def list_payments(self, request: Request) -> Response:
        """Your organisation's; the operator and auditors see all."""
        wanted = self.query(PaymentQuerySerializer)
        columns = {"direction": "direction", "status": "status"}
        return self.page(
            narrowed(payments_seen_by(self.actor), wanted, columns, time="requested_at"), PaymentSerializer
        )

    @extend_schema(
        summary="Enter a deposit",
        request=NewDepositSerializer,
        responses={201: PaymentSerializer},
        examples=[
            OpenApiExample(
                "A million yuan",
                value={
                    "organisation": "01234567-89ab-cdef-0123-456789abcdef",
                    "amount_fen": 100_000_000,
                    "bank_reference": "ICBC-20240701-000123",
                },
                request_only=True,
            )
        ],
    )
    @refuses(InvalidValue, NotFound, NotAllowed)
    def create_deposit(self, request: Request) -> Response:
        """For treasurers: money that the bank has received. A bank reference is entered once."""
        actor, wanted = self.actor, self.body(NewDepositSerializer)
        organisation = named_organisation(wanted.pop("organisation"))
        payment = payments.request_deposit(actor=actor, organisation=organisation, **wanted)
        return Response(show(PaymentSerializer, payment), status=201)

    @extend_schema(summary="Ask for a withdrawal", request=NewWithdrawalSerializer, responses={201: PaymentSerializer})
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, NoBankAccount, InsufficientBalance)
    def create_withdrawal(self, request: Request) -> Response:
        """For owners of cooperatives and buyers: to the bank account that is confirmed, `GET /bank-accounts`, and to no other.

        The amount is held until a treasurer confirms or refuses.
        """
        require_fresh_session(request)
        # What member households have coming of the last moment's sales is not the cooperative's to withdraw.
        share_proceeds(self.actor.organisation_id)
        payment = payments.request_withdrawal(actor=self.actor, **self.body(NewWithdrawalSerializer))
        return Response(show(PaymentSerializer, payment), status=201)

    @extend_schema(summary="Confirm a payment", request=ConfirmationSerializer, responses=PaymentSerializer)
    @refuses(InvalidValue, NotAllowed, SamePerson, WrongState, NoBankAccount, BankAccountChanged)
    def confirm_payment(self, request: Request, payment_id: int) -> Response:
        """For a second treasurer: it is posted. Of a withdrawal the log says to which bank account it was paid."""
        payment = access_payment_by_id(payment_id=payment_id, membership=self.actor)
        confirmed = payments.confirm_payment(
            actor=self.actor, payment_id=payment.pk, **self.body(ConfirmationSerializer)
        )
        return Response(show(PaymentSerializer, confirmed))

    @extend_schema(summary="Refuse a payment", request=NothingSerializer, responses=PaymentSerializer)
    @refuses(NotAllowed, SamePerson, WrongState)
    def refuse_payment(self, request: Request, payment_id: int) -> Response:
        """For a second treasurer: what it held is released."""
        self.body(NothingSerializer)
        payment = access_payment_by_id(payment_id=payment_id, membership=self.actor)
        refused = payments.refuse_payment(actor=self.actor, payment_id=payment.pk)
        return Response(show(PaymentSerializer, refused))


def named_organisation(public_id: Any) -> Organisation:
    """Return the organisation that a body names.

    Raises: NotFound.
    """
    organisation = Organisation.objects.filter(public_id=public_id).first()
    if organisation is None:
        raise NotFound(field="organisation")
    return organisation

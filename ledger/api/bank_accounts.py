"""Where organisations' money is paid out to: one treasurer states it, a second one decides; its people read it masked."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint
from ledger.api.fields import Choice, Identifier, Moment, Text
from ledger.api.filters import WindowQuerySerializer, narrowed
from ledger.api.journal import named_organisation
from ledger.api.schema import refuses
from ledger.api.serializers import NothingSerializer, OrganisationNameSerializer, StrictSerializer
from ledger.errors import InvalidValue, NotAllowed, NotFound, SamePerson, WrongState
from ledger.journal.bank import accounts
from ledger.journal.bank.content import MAX_NAME
from ledger.journal.bank.models import BankAccount
from ledger.journal.bank.selectors import access_bank_account, bank_accounts_seen_by
from ledger.parties.access import reads_everything
from ledger.parties.scopes import Scope

MAX_WRITTEN = 60
"""Of an account number, as it is typed: with blanks and hyphens."""
WHOLE = "Null but for the operator and auditors, who compare it."


class NewBankAccountSerializer(StrictSerializer):
    organisation = Identifier()
    bank = Text(max_length=MAX_NAME, help_text="The bank and its branch.")
    number = Text(max_length=MAX_WRITTEN, help_text="8 to 30 digits; blanks and hyphens do not count.")


class BankAccountQuerySerializer(WindowQuerySerializer):
    """Query parameters of the list of bank accounts."""

    status = Choice(required=False, choices=BankAccount.Status.choices)
    organisation = Identifier(required=False, help_text="Whose.")


class BankAccountSerializer(serializers.Serializer[BankAccount]):
    id = serializers.IntegerField()
    organisation = OrganisationNameSerializer()
    bank = Text()
    masked_number = Text(help_text="Its last four digits.")
    status = Choice(choices=BankAccount.Status.choices)
    is_current = serializers.BooleanField(help_text="Whether money is paid out to it now: to the one confirmed last.")
    requested_at = Moment()
    decided_at = Moment(allow_null=True)


class BankAccountDetailSerializer(BankAccountSerializer):
    number = serializers.SerializerMethodField(help_text=WHOLE)
    nonce = serializers.SerializerMethodField(
        help_text="The log has the SHA-256 of `nonce:organisation:number`, without the nonce where this is empty. "
        + WHOLE
    )

    def get_number(self, account: BankAccount) -> str | None:
        return account.number if self.context["is_whole"] else None

    def get_nonce(self, account: BankAccount) -> str | None:
        return account.nonce if self.context["is_whole"] else None


class BankAccounts(Endpoint):
    tag = "payments"
    writes = Scope.WITHDRAW

    @extend_schema(
        summary="List bank accounts",
        parameters=[BankAccountQuerySerializer],
        responses=BankAccountSerializer(many=True),
    )
    def list_bank_accounts(self, request: Request) -> Response:
        """Your organisation's that are or were confirmed, newest first, masked: none, and no money can be paid out yet.

        The operator and auditors see all, also those that wait for a second treasurer and those that were refused.
        """
        wanted = self.query(BankAccountQuerySerializer)
        columns = {"status": "status", "organisation": "organisation__public_id"}
        found = narrowed(bank_accounts_seen_by(self.actor), wanted, columns, time="requested_at")
        return self.page(found, BankAccountSerializer)

    @extend_schema(summary="Read a bank account", responses=BankAccountDetailSerializer)
    @refuses(NotFound)
    def get_bank_account(self, request: Request, bank_account_id: int) -> Response:
        """Whole for the operator and auditors: who confirms it compares it with the contract. Masked for its own people."""
        return Response(self._show(bank_account_id))

    @extend_schema(
        summary="State a bank account",
        request=NewBankAccountSerializer,
        responses={201: BankAccountDetailSerializer},
        examples=[
            OpenApiExample(
                "From the contract",
                value={
                    "organisation": "01234567-89ab-cdef-0123-456789abcdef",
                    "bank": "福建农村信用社青禾溪分社",
                    "number": "9000 0000 0000 0017",
                },
                request_only=True,
            )
        ],
    )
    @refuses(InvalidValue, NotFound, NotAllowed)
    def state_bank_account(self, request: Request) -> Response:
        """For treasurers: from the contract, or from a sealed letter. One of an organisation waits at a time."""
        actor, wanted = self.actor, self.body(NewBankAccountSerializer)
        organisation = named_organisation(wanted.pop("organisation"))
        stated = accounts.state_bank_account(actor=actor, organisation=organisation, **wanted)
        return Response(self._show(stated.pk), status=201)

    @extend_schema(summary="Confirm a bank account", request=NothingSerializer, responses=BankAccountDetailSerializer)
    @refuses(NotAllowed, NotFound, SamePerson, WrongState)
    def confirm_bank_account(self, request: Request, bank_account_id: int) -> Response:
        """For a second treasurer, who has compared it: money is paid out to it from now on, and its people are told."""
        return self._decide(accounts.confirm_bank_account, bank_account_id)

    @extend_schema(summary="Refuse a bank account", request=NothingSerializer, responses=BankAccountDetailSerializer)
    @refuses(NotAllowed, NotFound, SamePerson, WrongState)
    def refuse_bank_account(self, request: Request, bank_account_id: int) -> Response:
        """For a second treasurer: it stays at the account before."""
        return self._decide(accounts.refuse_bank_account, bank_account_id)

    def _decide(self, service: Any, bank_account_id: int) -> Response:
        self.body(NothingSerializer)
        service(actor=self.actor, bank_account_id=bank_account_id)
        return Response(self._show(bank_account_id))

    def _show(self, bank_account_id: int) -> Any:
        account = access_bank_account(bank_account_id=bank_account_id, membership=self.actor)
        return BankAccountDetailSerializer(account, context={"is_whole": reads_everything(self.actor)}).data

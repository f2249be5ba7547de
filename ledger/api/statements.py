"""Statements of accounts as CSV, and the trial balance."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Moment, Text
from ledger.api.papers import PDF, as_pdf
from ledger.api.schema import refuses
from ledger.api.serializers import StrictSerializer
from ledger.errors import InvalidValue, NotAllowed, StatementTooLong
from ledger.journal.models import Account
from ledger.journal.selectors import access_account_by_id
from ledger.journal.statement_csv import MAX_LINES, statement_csv, trial_balance_csv
from ledger.journal.statement_pdf import MAX_LINES as MAX_PDF_LINES
from ledger.journal.statement_pdf import statement_pdf
from ledger.journal.statements import check_instant, file_name, period_of, read_statement
from ledger.journal.trial_balance import AssetTotal, TrialBalanceRow, totals, trial_balance_seen_by

CSV = (200, "text/csv")


class InstantQuerySerializer(StrictSerializer):
    at = Moment(
        required=False,
        help_text="As of this past instant, that instant included: what had occurred by then. Without an offset: in Beijing.",
    )


class PeriodQuerySerializer(StrictSerializer):
    starts_on = serializers.DateField(
        required=False, help_text="The first day, in Beijing; from the beginning without."
    )
    ends_on = serializers.DateField(required=False, help_text="The last day; until now without.")


class TrialBalanceRowSerializer(serializers.Serializer[TrialBalanceRow]):
    """Units: fen where the asset is CNY, whole tonnes where it is a batch of credits."""

    asset = Text(source="asset_code")
    purpose = Choice(choices=Account.Purpose.choices)
    organisation = Text(source="organisation_name", help_text="Empty for the system's own.")
    account = serializers.IntegerField(source="account_id")
    debits = serializers.IntegerField(help_text="What it has given.")
    credits = serializers.IntegerField(help_text="What it has received.")
    balance = serializers.IntegerField(help_text="Credits less debits.")


class AssetTotalSerializer(serializers.Serializer[AssetTotal]):
    asset = Text(source="asset_code")
    debits = serializers.IntegerField()
    credits = serializers.IntegerField()
    balance = serializers.IntegerField(help_text="Zero, or the books are wrong.")


class TrialBalanceSerializer(serializers.Serializer[Any]):
    at = Moment(allow_null=True, help_text="Null for now.")
    rows = TrialBalanceRowSerializer(many=True)
    totals = AssetTotalSerializer(many=True)


class Statements(Endpoint):
    tag = "accounts"

    @extend_schema(
        summary="Get an account's statement as CSV",
        parameters=[PeriodQuerySerializer],
        responses={CSV: OpenApiTypes.STR},
    )
    @refuses(InvalidValue, StatementTooLong)
    def get_statement(self, request: Request, account_id: int) -> StreamingHttpResponse:
        """Every transfer of a period between its opening and closing balance, each with its index in the log.

        UTF-8 with a byte order mark, amounts in yuan or whole tonnes. At most 50,000 transfers.
        """
        period = period_of(**self.query(PeriodQuerySerializer))
        account = access_account_by_id(account_id=account_id, membership=self.actor)
        statement = read_statement(account, period, most=MAX_LINES)
        return _file(statement_csv(statement), file_name(statement))

    @extend_schema(
        summary="Get an account's statement as PDF",
        parameters=[PeriodQuerySerializer],
        responses={PDF: OpenApiTypes.BINARY},
    )
    @refuses(InvalidValue, StatementTooLong)
    def get_statement_pdf(self, request: Request, account_id: int) -> HttpResponse:
        """The same, to be printed and kept."""
        period = period_of(**self.query(PeriodQuerySerializer))
        account = access_account_by_id(account_id=account_id, membership=self.actor)
        statement = read_statement(account, period, most=MAX_PDF_LINES)
        return as_pdf(statement_pdf(statement), file_name(statement))

    @extend_schema(
        summary="Get the trial balance", parameters=[InstantQuerySerializer], responses=TrialBalanceSerializer
    )
    @refuses(InvalidValue, NotAllowed)
    def get_trial_balance(self, request: Request) -> Response:
        """For the operator and auditors: every account that has moved anything, cash first, and the sums of each asset."""
        at = check_instant(self.query(InstantQuerySerializer).get("at"))
        rows = trial_balance_seen_by(self.actor, at)
        return Response(show(TrialBalanceSerializer, {"at": at, "rows": rows, "totals": totals(rows)}))

    @extend_schema(
        summary="Get the trial balance as CSV",
        parameters=[InstantQuerySerializer],
        responses={CSV: OpenApiTypes.STR},
    )
    @refuses(InvalidValue, NotAllowed)
    def get_trial_balance_csv(self, request: Request) -> StreamingHttpResponse:
        """For the operator and auditors: the same rows. UTF-8 with a byte order mark, amounts in yuan or whole tonnes."""
        at = check_instant(self.query(InstantQuerySerializer).get("at"))
        return _file(trial_balance_csv(trial_balance_seen_by(self.actor, at)), "tianhui-trial-balance")


def _file(lines: Iterator[str], name: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )

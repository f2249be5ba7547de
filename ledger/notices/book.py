"""What records name, read for all of them at once: a query for each kind of thing, however many records there are."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from ledger.journal.models import Account, Asset
from ledger.parties.models import Organisation
from ledger.projects.models import Finding, MonitoringReport, Project
from ledger.transparency.following import LoggedRecord

ORGANISATIONS = (
    "organisation",
    "cooperative",
    "verifier",
    "proponent",
    "sender",
    "recipient",
    "proposer",
    "counterparty",
    "seller",
)
"""Where the bodies of records name organisations, by their public ids."""


class Book:
    """The things that some records name."""

    def __init__(self, records: Sequence[LoggedRecord]) -> None:
        self.records = records

    def organisation(self, body: Mapping[str, Any], name: str = "organisation") -> Organisation | None:
        """Return the organisation that a body names, None where it names none that is known."""
        return self._organisations.get(str(body.get(name)))

    def project(self, body: Mapping[str, Any]) -> Project | None:
        """Return the project that a body names."""
        return self._projects.get(str(body.get("project")))

    def report(self, body: Mapping[str, Any]) -> MonitoringReport | None:
        """Return the report that a body names, with its project."""
        return self._reports.get(str(body.get("report")))

    def holders_of(self, account_ids: Iterable[str]) -> set[int]:
        """Return whose accounts these are: organisations, by their primary keys; a household's is its cooperative's."""
        return {self.holders[account] for account in account_ids if account in self.holders}

    @cached_property
    def operators(self) -> list[int]:
        """Return the operator, as a list."""
        return self._of_kind(Organisation.Kind.OPERATOR)

    @cached_property
    def verifiers(self) -> list[int]:
        """Return the verifiers that are approved."""
        return self._of_kind(Organisation.Kind.VERIFIER)

    @cached_property
    def traders(self) -> list[int]:
        """Return the organisations that may trade."""
        return self._of_kind(*Organisation.HOLDERS)

    @cached_property
    def holders(self) -> dict[str, int]:
        """Return for each account of an organisation, that a transfer of the records touches, whose it is."""
        ids = {
            int(transfer[side])
            for record in self.records
            for transfer in record.body.get("transfers", ())
            for side in ("debit", "credit")
        }
        rows = Account.objects.filter(pk__in=ids).values_list("pk", "organisation_id", "household__cooperative_id")
        return {str(pk): own or coop for pk, own, coop in rows if (own or coop) is not None}

    @cached_property
    def cash(self) -> frozenset[str]:
        """Return the accounts of money among those that transfers of the records touch."""
        held = Account.objects.filter(asset__kind=Asset.Kind.CASH, pk__in=[int(pk) for pk in self.holders])
        return frozenset(str(pk) for pk in held.values_list("pk", flat=True))

    @staticmethod
    def _of_kind(*kinds: str) -> list[int]:
        found = Organisation.objects.filter(kind__in=kinds, status=Organisation.Status.APPROVED)
        return list(found.order_by("pk").values_list("pk", flat=True))

    @cached_property
    def _organisations(self) -> dict[str, Organisation]:
        named = {record.body.get(name) for record in self.records for name in ORGANISATIONS}
        for record in self.records:
            named.update(record.body.get("organisations", ()))
        found = Organisation.objects.filter(public_id__in=[name for name in named if isinstance(name, str) and name])
        return {str(each.public_id): each for each in found}

    @cached_property
    def _projects(self) -> dict[str, Project]:
        codes = {str(record.body["project"]) for record in self.records if record.body.get("project")}
        numbers = [int(code.rpartition("-")[2]) for code in codes if code.rpartition("-")[2].isdigit()]
        found = Project.objects.filter(number__in=numbers).only(
            "number", "province_code", "name", "name_en", "proponent_id", "validator_id"
        )
        return {each.code: each for each in found}

    @cached_property
    def _reports(self) -> dict[str, MonitoringReport]:
        ids = {int(record.body["report"]) for record in self.records if str(record.body.get("report")).isdigit()}
        found = (
            MonitoringReport.objects.filter(pk__in=ids)
            .select_related("project")
            .only(
                "vintage",
                "verifier_id",
                "project__number",
                "project__province_code",
                "project__name",
                "project__name_en",
                "project__proponent_id",
                "project__validator_id",
            )
        )
        return {str(each.pk): each for each in found}

    @cached_property
    def finding_numbers(self) -> dict[str, int]:
        """Return the number within its report of each finding that the records name."""
        ids = [int(record.body["finding"]) for record in self.records if str(record.body.get("finding")).isdigit()]
        return {str(pk): number for pk, number in Finding.objects.filter(pk__in=ids).values_list("pk", "number")}

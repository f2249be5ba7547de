"""Find which organisations an entry of a bank statement names, and by what."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _

from ledger.journal.bank.models import BankEntry
from ledger.parties.models import Organisation

_CREDIT_CODE = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{18}(?![0-9A-Z])")
_PUBLIC_ID = re.compile(r"(?<![0-9A-F])[0-9A-F]{8}(?:-?[0-9A-F]{4}){3}-?[0-9A-F]{12}(?![0-9A-F])")
_START = 2


class Reason(models.IntegerChoices):
    """Why a payment or an organisation is proposed: the surest first."""

    REFERENCE = 1, _("a payment was entered with this bank reference")
    CREDIT_CODE = 2, _("its unified social credit code is given")
    PUBLIC_ID = 3, _("its public code is in the remittance text")
    NAME = 4, _("the counterparty has exactly its name")
    NAME_WITHIN = 5, _("its name is within the counterparty or the remittance text")
    AMOUNT = 6, _("it has asked for this very amount")


# What leaves no doubt by itself; a name within a longer text can be a part of another one's name.
SURE = frozenset({Reason.REFERENCE, Reason.CREDIT_CODE, Reason.PUBLIC_ID, Reason.NAME})


class Directory:
    """The organisations that have money here, found by what a payer writes."""

    def __init__(self, organisations: Iterable[Organisation]) -> None:
        self.organisations = {organisation.pk: organisation for organisation in organisations}
        self._by_code: dict[str, list[int]] = defaultdict(list)
        self._by_public_id: dict[str, list[int]] = defaultdict(list)
        self._by_name: dict[str, list[int]] = defaultdict(list)
        self._names_by_start: dict[str, set[str]] = defaultdict(set)
        for pk, organisation in self.organisations.items():
            name = plain(organisation.name)
            self._by_name[name].append(pk)
            self._names_by_start[name[:_START]].add(name)
            self._by_public_id[organisation.public_id.hex.upper()].append(pk)
            self._by_code[plain(organisation.credit_code)].append(pk)

    def named_in(self, entry: BankEntry) -> Mapping[int, tuple[Reason, ...]]:
        """Return the organisations that an entry names, by their ids, each with the reasons, the surest first."""
        counterparty, text = plain(entry.counterparty_name), plain(entry.text)
        written = _upper(f"{entry.text} {entry.counterparty_name} {entry.counterparty_code}")
        found: dict[int, set[Reason]] = defaultdict(set)

        def add(organisations: Iterable[int], reason: Reason) -> None:
            for pk in organisations:
                found[pk].add(reason)

        for code in _CREDIT_CODE.findall(written):
            add(self._by_code.get(code, ()), Reason.CREDIT_CODE)
        for public_id in _PUBLIC_ID.findall(written):
            add(self._by_public_id.get(public_id.replace("-", ""), ()), Reason.PUBLIC_ID)
        add(self._by_name.get(counterparty, ()), Reason.NAME)
        for name in {*self._names_within(counterparty), *self._names_within(text)} - {counterparty}:
            add(self._by_name[name], Reason.NAME_WITHIN)
        return {pk: tuple(sorted(reasons)) for pk, reasons in found.items()}

    def _names_within(self, text: str) -> Iterator[str]:
        """Yield the names in a text, but for those that are a part of a longer one at the same place."""
        spans = sorted(
            (place, -len(name), name)
            for place in range(len(text))
            for name in self._names_by_start.get(text[place : place + _START], ())
            if text.startswith(name, place)
        )
        reached = 0
        for place, _length, name in spans:
            if place + len(name) > reached:
                reached = place + len(name)
                yield name


def plain(text: str) -> str:
    """Return a text as it is compared: one form of each letter and bracket, without white space."""
    return "".join(_upper(text).split())


def _upper(text: str) -> str:
    return unicodedata.normalize("NFKC", text).upper()

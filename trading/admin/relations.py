"""Which organisations belong together, as the operator has noted it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import at_moment, link
from ledger.admin.filters import organisations_named
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.parties.models import Organisation
from trading.admin.surveillance import REGISTRAR, AboutOrganisation, LongReasonForm
from trading.surveillance.models import Relation
from trading.surveillance.services import (
    MAX_REASON,
    declare_relation,
    end_relation,
)


class RelationForm(forms.Form):
    one = forms.ModelChoiceField(label=_("One organisation"), queryset=Organisation.objects.order_by("name"))
    other = forms.ModelChoiceField(label=_("Other organisation"), queryset=Organisation.objects.order_by("name"))
    kind = forms.ChoiceField(label=_("Kind of relation"), choices=Relation.Kind.choices)
    reason = forms.CharField(label=_("How it is known"), max_length=MAX_REASON, widget=forms.Textarea({"rows": 4}))


DECLARE = Action(
    name="declare",
    label=_("Declare a relation"),
    explanation=_("What the two trade with each other is looked at more closely from now on. It is kept in the log."),
    done=_("Declared: %(object)s"),
    role=REGISTRAR,
    perform=lambda actor, _target, values: declare_relation(actor=actor, **values),
    form=RelationForm,
)
END = Action(
    name="end",
    label=_("End the relation"),
    explanation=_("The two belong together no more. That they did is kept."),
    done=_("Ended: %(object)s"),
    role=REGISTRAR,
    perform=lambda actor, relation, values: end_relation(actor=actor, relation_id=relation.pk, **values),
    form=LongReasonForm,
    is_due=lambda relation: relation.ended_at is None,
    is_grave=True,
)


class BetweenOrganisations(AboutOrganisation):
    def narrow(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        named = organisations_named(text)
        return queryset.filter(Q(one__in=named) | Q(other__in=named))


class RelationAdmin(ViewOnlyAdmin):
    list_display = (
        "one",
        "other",
        "kind",
        "reason",
        at_moment("declared_at", _("declared at")),
        at_moment("ended_at", _("ended at")),
    )
    list_filter = ("kind", ("ended_at", admin.EmptyFieldListFilter), BetweenOrganisations)
    list_select_related = ("one", "other")
    ordering = ("-id",)
    fields = (
        "one",
        "other",
        "kind",
        "reason",
        "declared_by",
        at_moment("declared_at", _("declared at")),
        "ended_by",
        at_moment("ended_at", _("ended at")),
        "end_reason",
    )
    list_actions = (DECLARE,)
    object_actions = (END,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Relation]:
        return super().get_queryset(request).select_related("one", "other")

    def record_ids(self, target: Relation) -> RecordIds:
        named = Named(("relation_declared", "relation_ended"), {"relation": str(target.pk)})
        return ids_naming(named, near=(target.declared_at, target.ended_at))

    def facts(self, target: Relation) -> list[Fact]:
        return [
            (_("Organisations"), format_html_join(" · ", "{}", ((link(each),) for each in (target.one, target.other)))),
            (_("Kind of relation"), target.get_kind_display()),
            (_("How it is known"), target.reason),
        ]

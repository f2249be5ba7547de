"""What surveillance has found, to be read by the operator and auditors."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Identifier, JsonObject, Moment, Text
from ledger.api.filters import WindowQuerySerializer, narrowed
from ledger.api.schema import refuses
from ledger.api.serializers import OrganisationNameSerializer, PageQuerySerializer, StrictSerializer
from ledger.errors import NotAllowed, NotFound
from ledger.parties.models import Organisation
from trading.surveillance.models import Alert, AlertStep, Relation, Rule
from trading.surveillance.rules import RULES
from trading.surveillance.selectors import (
    access_alert_by_id,
    alerts_seen_by,
    filter_alerts,
    organisations_of,
    relations_seen_by,
    rules_seen_by,
    steps_of,
)


class AlertQuerySerializer(WindowQuerySerializer):
    rule = Choice(choices=Rule.choices, required=False)
    state = Choice(choices=Alert.State.choices, required=False)
    severity = Choice(choices=Alert.Severity.choices, required=False)
    market = Text(required=False, max_length=40, help_text="A market's symbol.")
    organisation = Identifier(required=False, help_text="An organisation's public id.")


class ListedAlertSerializer(serializers.Serializer[Alert]):
    id = serializers.IntegerField()
    rule = Choice(choices=Rule.choices)
    severity = Choice(choices=Alert.Severity.choices)
    state = Choice(choices=Alert.State.choices)
    market = Text(source="market.symbol")
    organisations = serializers.SerializerMethodField(help_text="One, or the two sides of a pair.")
    window_starts_at = Moment()
    window_ends_at = Moment()
    opened_at = Moment()

    @extend_schema_field(OrganisationNameSerializer(many=True))
    def get_organisations(self, alert: Alert) -> Any:
        found: dict[int, Organisation] = self.context["organisations"]
        return [show(OrganisationNameSerializer, found[number]) for number in alert.organisations]


class AlertEvidenceSerializer(serializers.Serializer[Any]):
    """What the rule found, as the record of the alert says it."""

    figures = JsonObject(help_text="What was counted, and under `relations` how a pair is related.")
    thresholds = JsonObject(help_text="What it was held against.")
    orders = serializers.ListField(child=Text(), help_text="Up to 50 orders, by number.")
    trades = serializers.ListField(child=Text(), help_text="Up to 50 trades, by number.")


class AlertStepSerializer(serializers.Serializer[AlertStep]):
    number = serializers.IntegerField()
    state = Choice(choices=Alert.State.choices, help_text="What it led to.")
    reason = Text()
    taken_by = Identifier(source="taken_by.public_id", help_text="As the log names people.")
    taken_at = Moment()


class AlertSerializer(ListedAlertSerializer):
    sentence = serializers.SerializerMethodField(help_text="What the rule says, in the language that is asked for.")
    evidence = AlertEvidenceSerializer()
    steps = serializers.SerializerMethodField(help_text="What was done about it, the first step first.")

    @extend_schema_field(Text)
    def get_sentence(self, alert: Alert) -> str:
        return RULES[Rule(alert.rule)].said(alert.evidence["thresholds"])

    @extend_schema_field(AlertStepSerializer(many=True))
    def get_steps(self, alert: Alert) -> Any:
        return [show(AlertStepSerializer, step) for step in steps_of(alert)]


class RuleSerializer(serializers.Serializer[Any]):
    rule = Choice(source="name", choices=Rule.choices)
    sentence = Text(help_text="In the language that is asked for.")
    thresholds = JsonObject()
    changed_at = Moment(allow_null=True, help_text="Null where the thresholds are those it came with.")


class RulesSerializer(serializers.Serializer[Any]):
    rules = RuleSerializer(many=True)


class RelationSerializer(serializers.Serializer[Relation]):
    id = serializers.IntegerField()
    one = OrganisationNameSerializer()
    other = OrganisationNameSerializer()
    kind = Choice(choices=Relation.Kind.choices)
    reason = Text(help_text="How it is known.")
    declared_at = Moment()
    ended_at = Moment(allow_null=True)
    end_reason = Text()


class NoQuerySerializer(StrictSerializer):
    """A query without a parameter."""


class Surveillance(Endpoint):
    tag = "surveillance"

    @extend_schema(summary="List alerts", parameters=[AlertQuerySerializer], responses=ListedAlertSerializer(many=True))
    @refuses(NotAllowed)
    def list_alerts(self, request: Request) -> Response:
        """For the operator and auditors, newest first."""
        wanted = self.query(AlertQuerySerializer)
        found = filter_alerts(
            narrowed(alerts_seen_by(self.actor), wanted, time="opened_at"),
            rule=wanted.get("rule"),
            state=wanted.get("state"),
            severity=wanted.get("severity"),
            symbol=wanted.get("market"),
            organisation=wanted.get("organisation"),
        )
        return self.page(found, ListedAlertSerializer, context=_context)

    @extend_schema(summary="Read an alert", responses=AlertSerializer)
    @refuses(NotAllowed, NotFound)
    def get_alert(self, request: Request, alert_id: int) -> Response:
        """With the rule's sentence, the evidence, and what was done about it. For the operator and auditors."""
        alert = access_alert_by_id(alert_id=alert_id, membership=self.actor)
        return Response(AlertSerializer(alert, context=_context([alert])).data)

    @extend_schema(summary="List the rules of surveillance", responses=RulesSerializer)
    @refuses(NotAllowed)
    def list_rules(self, request: Request) -> Response:
        """As they stand now. For the operator and auditors."""
        self.query(NoQuerySerializer)
        return Response(show(RulesSerializer, {"rules": rules_seen_by(self.actor)}))

    @extend_schema(
        summary="List relations between organisations",
        parameters=[PageQuerySerializer],
        responses=RelationSerializer(many=True),
    )
    @refuses(NotAllowed)
    def list_relations(self, request: Request) -> Response:
        """Those that were declared, newest first, ended ones too. For the operator and auditors."""
        self.query(PageQuerySerializer)
        return self.page(relations_seen_by(self.actor), RelationSerializer)


def _context(found: list[Alert]) -> dict[str, Any]:
    return {"organisations": organisations_of(found)}

"""Alerts, what was done about them, relations and thresholds are what their records say.

The tables are those of trading/surveillance, which is built on this package: they are named here in SQL alone.
"""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation import Invariant
from ledger.journal.reconciliation.invariants import entries, newest, person

_STEPS = entries("alert_taken_up", "alert_closed", "alert_escalated", "alert_reopened")


def _names(organisations: str) -> str:
    """Return SQL for how the log names a list of organisations; one that is not there is named like none in it."""
    return f"""(SELECT jsonb_agg(coalesce(organisation.public_id::text, '') ORDER BY place)
                  FROM unnest({organisations}) WITH ORDINALITY AS named (id, place)
                  LEFT JOIN ledger_organisation organisation ON organisation.id = named.id)"""


INVARIANTS = (
    Invariant(
        9,
        _("each alert is as its record says: rule, organisations, window and evidence"),
        f"""
        SELECT coalesce(alert.id::text, raised.body ->> 'alert') AS alert, alert.rule
          FROM trading_alert alert
          FULL JOIN ({newest(entries("alert_raised"), "alert")}) raised ON raised.body ->> 'alert' = alert.id::text
         WHERE alert.id IS NULL OR raised.record_id IS NULL
            OR (alert.rule, alert.severity, alert.market_id::text, {_names("alert.organisations")}, alert.evidence,
                log_time(alert.window_starts_at), log_time(alert.window_ends_at), log_time(alert.opened_at), 'system')
               IS DISTINCT FROM
               (raised.body ->> 'rule', raised.body ->> 'severity', raised.body ->> 'market', raised.body -> 'organisations',
                raised.body -> 'evidence', raised.body ->> 'window_starts_at', raised.body ->> 'window_ends_at', raised.at,
                raised.actor)
        """,
    ),
    Invariant(
        9,
        _("each step of an alert is as its record says: what was decided, why, by whom and when"),
        f"""
        SELECT coalesce(step.id::text, taken.body ->> 'step') AS step, coalesce(step.alert_id::text, taken.body ->> 'alert') AS alert
          FROM (SELECT step.*, {person("step.taken_by_id", "reviewer")} AS reviewer
                  FROM trading_alertstep step LEFT JOIN ledger_user reviewer ON reviewer.id = step.taken_by_id) step
          FULL JOIN ({newest(_STEPS, "step")}) taken ON taken.body ->> 'step' = step.id::text
         WHERE step.id IS NULL OR taken.record_id IS NULL
            OR (step.alert_id::text, step.number::text, step.reason, step.state, step.reviewer, log_time(step.taken_at))
               IS DISTINCT FROM
               (taken.body ->> 'alert', taken.body ->> 'number', taken.body ->> 'reason',
                CASE taken.kind WHEN 'alert_taken_up' THEN 'under_review' WHEN 'alert_closed' THEN 'unfounded'
                                WHEN 'alert_escalated' THEN 'escalated' ELSE 'open' END,
                taken.actor, taken.at)
        """,
    ),
    Invariant(
        9,
        _("each relation between organisations is as its records say: declared and ended by whom, when and why"),
        f"""
        SELECT coalesce(relation.id::text, declared.body ->> 'relation') AS relation, relation.kind
          FROM (SELECT relation.*, {person("relation.declared_by_id", "declarer")} AS declarer,
                       {person("relation.ended_by_id", "ender")} AS ender,
                       {_names("ARRAY[relation.one_id, relation.other_id]")} AS organisations
                  FROM trading_relation relation
                  LEFT JOIN ledger_user declarer ON declarer.id = relation.declared_by_id
                  LEFT JOIN ledger_user ender ON ender.id = relation.ended_by_id) relation
          FULL JOIN ({newest(entries("relation_declared"), "relation")}) declared
                    ON declared.body ->> 'relation' = relation.id::text
          LEFT JOIN ({newest(entries("relation_ended"), "relation")}) ended ON ended.body ->> 'relation' = relation.id::text
         WHERE relation.id IS NULL OR declared.record_id IS NULL
            OR (relation.organisations, relation.kind, relation.reason, relation.declarer, log_time(relation.declared_at))
               IS DISTINCT FROM
               (declared.body -> 'organisations', declared.body ->> 'kind', declared.body ->> 'reason', declared.actor,
                declared.at)
            OR (relation.end_reason, relation.ender, log_time(relation.ended_at)) IS DISTINCT FROM
               (coalesce(ended.body ->> 'reason', ''), ended.actor, ended.at)
        """,
    ),
    Invariant(
        9,
        _("each change of a rule of surveillance is as its record says: thresholds, why, by whom and when"),
        f"""
        SELECT coalesce(change.id::text, changed.body ->> 'change') AS change, change.rule
          FROM (SELECT change.*, {person("change.changed_by_id", "changer")} AS changer
                  FROM trading_rulechange change LEFT JOIN ledger_user changer ON changer.id = change.changed_by_id) change
          FULL JOIN ({newest(entries("alert_rule_changed"), "change")}) changed ON changed.body ->> 'change' = change.id::text
         WHERE change.id IS NULL OR changed.record_id IS NULL
            OR (change.rule, change.thresholds, change.reason, change.changer, log_time(change.changed_at)) IS DISTINCT FROM
               (changed.body ->> 'rule', changed.body -> 'thresholds', changed.body ->> 'reason', changed.actor, changed.at)
        """,
    ),
)

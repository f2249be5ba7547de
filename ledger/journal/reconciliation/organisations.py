"""Organisations and who acts for them are as their newest records say."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation.invariants import Invariant, entries, newest, person

STATES = entries("organisation_applied", "organisation_approved", "organisation_suspended")

# The operator itself is approved by whoever sets the product up.
APPROVED_BY_NOBODY = "CASE WHEN organisation.approved_at IS NOT NULL THEN 'system' END"

INVARIANTS = (
    Invariant(
        9,
        _("each organisation is as its records say: name, kind, status, and who decided when"),
        f"""
        SELECT organisation.id AS organisation, organisation.name, newest.kind AS newest_record
          FROM (SELECT organisation.*, {person("organisation.applied_by_id", "applicant", otherwise="'system'")} AS applicant,
                       {person("organisation.approved_by_id", "approver", otherwise=APPROVED_BY_NOBODY)} AS approver
                  FROM ledger_organisation organisation
                  LEFT JOIN ledger_user applicant ON applicant.id = organisation.applied_by_id
                  LEFT JOIN ledger_user approver ON approver.id = organisation.approved_by_id) organisation
          FULL JOIN ({newest(entries("organisation_applied"), "organisation")}) applied
                    ON applied.body ->> 'organisation' = organisation.public_id::text
          LEFT JOIN ({newest(entries("organisation_approved"), "organisation")}) approved
                    ON approved.body ->> 'organisation' = organisation.public_id::text
          LEFT JOIN ({newest(STATES, "organisation")}) newest
                    ON newest.body ->> 'organisation' = organisation.public_id::text
         WHERE organisation.id IS NULL OR applied.record_id IS NULL
            OR (organisation.kind, organisation.name, organisation.name_en, organisation.credit_code,
                organisation.applicant, log_time(organisation.created_at)) IS DISTINCT FROM
               (applied.body ->> 'kind', applied.body ->> 'name', applied.body ->> 'name_en',
                applied.body ->> 'credit_code', applied.actor, applied.at)
            OR 'organisation_' || organisation.status IS DISTINCT FROM newest.kind
            OR (organisation.approver, log_time(organisation.approved_at)) IS DISTINCT FROM (approved.actor, approved.at)
        """,
    ),
    Invariant(
        9,
        _("who acts for which organisation, and as what, is as the newest records say"),
        f"""
        SELECT member.id AS membership, coalesce(member.person, said.body ->> 'user') AS person, member.role
          FROM (SELECT membership.id, person.public_id::text AS person, organisation.public_id::text AS organisation, role
                  FROM ledger_membership membership
                  LEFT JOIN ledger_user person ON person.id = membership.user_id
                  LEFT JOIN ledger_organisation organisation ON organisation.id = membership.organisation_id) member
          FULL JOIN ({newest(entries("member_added"), "user")}) said ON said.body ->> 'user' = member.person
         WHERE (member.person, member.organisation, member.role) IS DISTINCT FROM
               (said.body ->> 'user', said.body ->> 'organisation', said.body ->> 'role')
        """,
    ),
)

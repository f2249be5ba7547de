"""Organisations and who acts for them are as their newest records say."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation.invariants import Invariant, entries, newest, person

STATES = entries("organisation_applied", "organisation_approved", "organisation_suspended")

MEMBERS = entries("member_added", "member_role_changed", "member_removed", "member_left")

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
          FULL JOIN (SELECT * FROM ({newest(MEMBERS, "user")}) newest
                      WHERE kind NOT IN ('member_removed', 'member_left')) said ON said.body ->> 'user' = member.person
         WHERE (member.person, member.organisation, member.role) IS DISTINCT FROM
               (said.body ->> 'user', said.body ->> 'organisation', said.body ->> 'role')
        """,
    ),
    Invariant(
        9,
        _(
            "each invitation is as its records say: the role, until when, and who offered, confirmed, took or withdrew it"
        ),
        f"""
        SELECT invitation.id AS invitation, invited.record_id AS record
          FROM (SELECT invitation.*, organisation.public_id::text AS organisation,
                       {person("invitation.invited_by_id", "inviter", otherwise="'system'")} AS inviter,
                       {person("invitation.confirmed_by_id", "confirmer")} AS confirmer,
                       {person("invitation.accepted_by_id", "accepter")} AS accepter,
                       {
            person(
                "invitation.withdrawn_by_id",
                "withdrawer",
                otherwise="CASE WHEN invitation.withdrawn_at IS NOT NULL THEN 'system' END",
            )
        } AS withdrawer
                  FROM ledger_invitation invitation
                  LEFT JOIN ledger_organisation organisation ON organisation.id = invitation.organisation_id
                  LEFT JOIN ledger_user inviter ON inviter.id = invitation.invited_by_id
                  LEFT JOIN ledger_user confirmer ON confirmer.id = invitation.confirmed_by_id
                  LEFT JOIN ledger_user accepter ON accepter.id = invitation.accepted_by_id
                  LEFT JOIN ledger_user withdrawer ON withdrawer.id = invitation.withdrawn_by_id) invitation
          FULL JOIN ({newest(entries("member_invited"), "invitation")}) invited
                    ON invited.body ->> 'invitation' = invitation.public_id::text
          LEFT JOIN ({newest(entries("member_invitation_confirmed"), "invitation")}) confirmed
                    ON confirmed.body ->> 'invitation' = invitation.public_id::text
          LEFT JOIN ({newest(entries("member_invitation_accepted"), "invitation")}) accepted
                    ON accepted.body ->> 'invitation' = invitation.public_id::text
          LEFT JOIN ({newest(entries("member_invitation_withdrawn"), "invitation")}) withdrawn
                    ON withdrawn.body ->> 'invitation' = invitation.public_id::text
         WHERE invitation.id IS NULL OR invited.record_id IS NULL
            OR (invitation.organisation, invitation.role, invitation.inviter, log_time(invitation.invited_at),
                log_time(invitation.expires_at)) IS DISTINCT FROM
               (invited.body ->> 'organisation', invited.body ->> 'role', invited.actor, invited.at,
                invited.body ->> 'expires_at')
            OR (invitation.confirmer, log_time(invitation.confirmed_at)) IS DISTINCT FROM (confirmed.actor, confirmed.at)
            OR (invitation.accepter, log_time(invitation.accepted_at)) IS DISTINCT FROM (accepted.actor, accepted.at)
            OR (invitation.withdrawer, log_time(invitation.withdrawn_at)) IS DISTINCT FROM (withdrawn.actor, withdrawn.at)
        """,
    ),
    Invariant(
        9,
        _("each change among the operator's people is as its records say: whose, from what to what, and who decided"),
        f"""
        SELECT coalesce(change.id::text, proposed.body ->> 'role_change') AS role_change, change.state
          FROM (SELECT change.*, organisation.public_id::text AS organisation, person.public_id::text AS subject,
                       {person("change.proposed_by_id", "proposer")} AS proposer,
                       {person("change.decided_by_id", "decider")} AS decider
                  FROM ledger_rolechange change
                  LEFT JOIN ledger_organisation organisation ON organisation.id = change.organisation_id
                  LEFT JOIN ledger_user person ON person.id = change.person_id
                  LEFT JOIN ledger_user proposer ON proposer.id = change.proposed_by_id
                  LEFT JOIN ledger_user decider ON decider.id = change.decided_by_id) change
          FULL JOIN ({newest(entries("member_change_proposed"), "role_change")}) proposed
                    ON proposed.body ->> 'role_change' = change.id::text
          LEFT JOIN ({newest(entries("member_change_confirmed", "member_change_refused"), "role_change")}) decided
                    ON decided.body ->> 'role_change' = change.id::text
         WHERE change.id IS NULL OR proposed.record_id IS NULL
            OR (change.organisation, change.subject, change.role_before, change.role, change.proposer,
                log_time(change.proposed_at)) IS DISTINCT FROM
               (proposed.body ->> 'organisation', proposed.body ->> 'user', proposed.body ->> 'role_before',
                proposed.body ->> 'role', proposed.actor, proposed.at)
            OR ('member_change_' || change.state, change.decider, log_time(change.decided_at)) IS DISTINCT FROM
               (coalesce(decided.kind, proposed.kind), decided.actor, decided.at)
        """,
    ),
)

"""Which doors a page shows to whom. The services decide; a page only does not offer what they would refuse."""

from ledger.parties.models import Membership, Organisation

ACTS = (Membership.Role.OWNER, Membership.Role.TRADER)


def may_prepare(reader: Membership | None) -> bool:
    """Return whether someone may begin projects and hand in reports."""
    return _acts_for(reader, Organisation.Kind.COOPERATIVE)


def may_verify(reader: Membership | None) -> bool:
    """Return whether someone may validate projects and verify reports."""
    return _acts_for(reader, Organisation.Kind.VERIFIER)


def may_retire(reader: Membership | None) -> bool:
    """Return whether someone may use credits up."""
    return _acts_for(reader, *Organisation.HOLDERS)


def may_hand_on(reader: Membership | None) -> bool:
    """Return whether someone may offer credits to others, decide about what is offered, and cancel."""
    return _acts_for(reader, *Organisation.HOLDERS)


def may_withdraw(reader: Membership | None) -> bool:
    """Return whether someone may have money paid out."""
    return may_retire(reader) and reader is not None and reader.role == Membership.Role.OWNER


def is_registrar(reader: Membership | None) -> bool:
    """Return whether someone decides at the desk."""
    return (
        reader is not None
        and reader.organisation.kind == Organisation.Kind.OPERATOR
        and reader.role == Membership.Role.REGISTRAR
    )


def _acts_for(reader: Membership | None, *kinds: str) -> bool:
    if reader is None or reader.role not in ACTS:
        return False
    return reader.organisation.kind in kinds and reader.organisation.is_approved

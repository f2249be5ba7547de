"""Which doors a page shows to whom. The services decide; a page only does not offer what they would refuse."""

from ledger.parties.models import Membership, Organisation
from ledger.parties.rights import Right, has_right


def may_prepare(reader: Membership | None) -> bool:
    """Return whether someone may begin projects and hand in reports."""
    return _may(reader, Right.PREPARE)


def may_verify(reader: Membership | None) -> bool:
    """Return whether someone may validate projects and verify reports."""
    return _may(reader, Right.JUDGE)


def may_retire(reader: Membership | None) -> bool:
    """Return whether someone may use credits up."""
    return _may(reader, Right.TRADE)


def may_hand_on(reader: Membership | None) -> bool:
    """Return whether someone may offer credits to others, decide about what is offered, and cancel."""
    return _may(reader, Right.TRADE)


def may_withdraw(reader: Membership | None) -> bool:
    """Return whether someone may have money paid out."""
    return _may(reader, Right.WITHDRAW)


def may_share(reader: Membership | None) -> bool:
    """Return whether someone may decide how proceeds are shared."""
    return _may(reader, Right.SHARE)


def is_registrar(reader: Membership | None) -> bool:
    """Return whether someone decides at the desk."""
    return (
        reader is not None
        and reader.organisation.kind == Organisation.Kind.OPERATOR
        and reader.role == Membership.Role.REGISTRAR
    )


def _may(reader: Membership | None, right: Right) -> bool:
    return reader is not None and has_right(reader, right) and reader.organisation.is_approved

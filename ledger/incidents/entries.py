"""What the log says of incidents: which one, what it freezes and why; people by the record's actor alone."""

from typing import Any

from ledger.incidents.models import Incident


def begun(incident: Incident) -> dict[str, Any]:
    """Return what is frozen from now on."""
    return _named(incident) | {"reason": incident.reason}


def lift_asked(incident: Incident) -> dict[str, Any]:
    """Return which freeze is to be lifted, and why it may be."""
    return _named(incident) | {"reason": incident.lift_reason, "auction_minutes": incident.auction_minutes}


def lifted(incident: Incident) -> dict[str, Any]:
    """Return which freeze is over, or stays."""
    return _named(incident)


def _named(incident: Incident) -> dict[str, Any]:
    return {"incident": str(incident.pk), "scope": str(incident.scope)}

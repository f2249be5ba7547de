"""Look into a file before it is kept: what it is by its bytes, whether it is only that, and whether it does harm."""

from ledger.projects.documents.inspection.inspect import ACCEPTED, MAX_BYTES, Inspected, inspect, without_metadata

__all__ = ["ACCEPTED", "MAX_BYTES", "Inspected", "inspect", "without_metadata"]

"""What the log says of the field diary (docs/log-entries.md): hashes, for it names fields and may name people."""

from typing import Any

from ledger.projects.diary.models import DiaryEntry
from ledger.projects.digests import json_sha256, text_sha256


def content_of(entry: DiaryEntry) -> dict[str, Any]:
    """Return what an entry says, as it is hashed: everything but when, what kind, and by whom."""
    return {
        "parcels": entry.parcels,
        "season": entry.season,
        "happened_time": entry.happened_time and entry.happened_time.isoformat(),
        "content": entry.content,
        "note": entry.note,
        "latitude": None if entry.latitude is None else str(entry.latitude),
        "longitude": None if entry.longitude is None else str(entry.longitude),
        "accuracy_m": entry.accuracy_m,
    }


def diary_entry_added(entry: DiaryEntry) -> dict[str, Any]:
    """Return the body of the record of an entry."""
    body = {
        "project": entry.project.code,
        "diary_entry": str(entry.pk),
        "entry_kind": entry.kind,
        "happened_on": str(entry.happened_on),
        "content_sha256": json_sha256(content_of(entry)),
    }
    if entry.replaces_id is not None:
        body["replaces"] = str(entry.replaces_id)
    return body


def diary_entry_withdrawn(entry: DiaryEntry) -> dict[str, Any]:
    """Return the body of the record of an entry's withdrawal."""
    return {
        "project": entry.project.code,
        "diary_entry": str(entry.pk),
        "reason_sha256": text_sha256(entry.withdrawal_reason),
    }

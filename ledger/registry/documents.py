"""What is at a permanent address, for machines: a project, a batch and a retirement as JSON, beside their pages."""

from typing import Any

from ledger.credits.models import Batch, Retirement
from ledger.credits.selectors import Supply, serial_numbers
from ledger.projects.models import Project
from ledger.registry import cad_trust
from ledger.registry.chunks import Addresses


def project_document(project: Project, batches: list[tuple[Batch, Supply]], addresses: Addresses) -> dict[str, Any]:
    """Return a project as CAD Trust has it, with its batches and where more of it is."""
    address = f"/projects/{project.code}"
    return {
        "address": addresses.of(address),
        "code": project.code,
        "name": project.name,
        "name_en": project.name_en,
        "status": project.status,
        "county_code": project.county_code,
        "cad_trust": cad_trust.project_row(project, addresses),
        "batches": [batch_document(batch, supply, addresses) for batch, supply in batches],
        "api": addresses.of(f"/api/v1{address}"),
        "page": addresses.of(address),
    }


def batch_document(batch: Batch, supply: Supply, addresses: Addresses) -> dict[str, Any]:
    """Return a batch: its numbers, and where its tonnes are."""
    address = f"/credits/{batch.asset.code}"
    return {
        "address": addresses.of(address),
        "code": batch.asset.code,
        "project": batch.project.code,
        "vintage": batch.vintage,
        "quantity_t": batch.quantity_t,
        "first_serial": serial_numbers(batch, batch.serials.lower, batch.serials.lower).rpartition("-")[0],
        "last_serial": serial_numbers(batch, batch.serials.upper - 1, batch.serials.upper - 1).rpartition("-")[0],
        "held_t": supply.held,
        "buffer_t": supply.buffer,
        "retired_t": supply.retired,
        "cancelled_t": supply.cancelled,
        "issued_at": batch.issued_at,
        "page": addresses.of(address),
    }


def retirement_document(retirement: Retirement, addresses: Addresses) -> dict[str, Any]:
    """Return a retirement as everybody may see it."""
    address = f"/retirements/{retirement.public_id}"
    is_public = retirement.is_beneficiary_public
    return {
        "address": addresses.of(address),
        "id": str(retirement.public_id),
        "organisation": retirement.organisation.name,
        "project": retirement.batch.project.code,
        "batch": retirement.batch.asset.code,
        "quantity_t": retirement.quantity_t,
        "serials": [serial_numbers(retirement.batch, run.lower, run.upper - 1) for run in retirement.serials],
        "purpose": retirement.purpose,
        "beneficiary": retirement.beneficiary_name if is_public else None,
        "beneficiary_code": retirement.beneficiary_code if is_public else None,
        "note": retirement.note if is_public else None,
        "retired_at": retirement.retired_at,
        "evidence": addresses.of(f"/api/v1{address}/evidence"),
        "page": addresses.of(address),
    }

"""Certificates and statements as PDF."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request

from ledger.api.endpoints import Endpoint
from ledger.credits.cancellations.selectors import cancellation_by_public_id, may_see_holder
from ledger.credits.certificate_pdf import cancellation_pdf, retirement_pdf
from ledger.credits.selectors import may_see_beneficiary, retirement_by_public_id
from ledger.transparency.selectors import record_index
from ledger.transparency.subjects import places_of, retirement_subject

PDF = (200, "application/pdf")


class Papers(Endpoint):
    tag = "credits"
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(summary="Get a retirement's certificate as PDF", responses={PDF: OpenApiTypes.BINARY})
    def get_certificate(self, request: Request, public_id: UUID) -> HttpResponse:
        """With the address at which it is checked; the beneficiary stands there where it is public or yours to see."""
        retirement = retirement_by_public_id(public_id)
        subject = retirement_subject(public_id)
        place = places_of([subject]).get(("credits_retired", subject))
        content = retirement_pdf(
            retirement,
            address=_address(request, "certificate_check", public_id),
            shows_beneficiary=may_see_beneficiary(retirement, self.viewer),
            log_index=place.log_index if place else None,
            record_id=place.record_id if place else None,
        )
        return as_pdf(content, f"certificate-{public_id}")

    @extend_schema(summary="Get a cancellation's statement as PDF", responses={PDF: OpenApiTypes.BINARY})
    def get_cancellation_statement(self, request: Request, public_id: UUID) -> HttpResponse:
        """Whose credits they were stands there where it is public or yours to see."""
        cancellation = cancellation_by_public_id(public_id)
        content = cancellation_pdf(
            cancellation,
            address=_address(request, "cancellation", public_id),
            shows_holder=may_see_holder(cancellation, self.viewer),
            log_index=record_index(cancellation.record_id),
        )
        return as_pdf(content, f"cancellation-{public_id}")


def as_pdf(content: bytes, name: str) -> HttpResponse:
    """Return a PDF under a file name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


def _address(request: Request, name: str, *where: object) -> str:
    path = reverse(name, args=where)
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)

"""Documents of projects and reports: list, hand in, read, publish, withdraw."""

from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Identifier, Moment, Text, WrittenNumber
from ledger.api.schema import refuses
from ledger.api.serializers import (
    NothingSerializer,
    OrganisationNameSerializer,
    PageQuerySerializer,
    ReasonSerializer,
    StrictSerializer,
)
from ledger.errors import FileOutOfReach, InvalidValue, NotAllowed, OrganisationNotApproved, WrongState
from ledger.projects.documents import services
from ledger.projects.documents.inspection import MAX_BYTES
from ledger.projects.documents.models import Document
from ledger.projects.documents.selectors import access_document, documents_seen_by
from ledger.projects.documents.serving import file_response
from ledger.projects.selectors import access_project_by_code

FLAGS = [("true", "true"), ("false", "false")]


class NewDocumentSerializer(StrictSerializer):
    file = serializers.FileField(
        allow_empty_file=True, help_text="PDF, JPEG, PNG, WebP, XLSX, DOCX, CSV, GeoJSON; 20 MB."
    )
    kind = Choice(choices=Document.Kind.choices)
    title = Text(max_length=120, required=False, allow_blank=True)
    report = WrittenNumber(required=False)
    parcel = Text(max_length=32, required=False, allow_blank=True)
    diary_entry = WrittenNumber(required=False, help_text="A photo of an entry; sent again, it is not kept again.")
    is_public = Choice(choices=FLAGS, required=False)


class DocumentQuerySerializer(PageQuerySerializer):
    report = WrittenNumber(required=False)
    parcel = Text(max_length=32, required=False)
    diary_entry = WrittenNumber(required=False)
    kind = Choice(choices=Document.Kind.choices, required=False)


class DocumentSerializer(serializers.Serializer[Document]):
    id = Identifier(source="public_id")
    project = Text(source="project.code")
    organisation = OrganisationNameSerializer()
    report = serializers.IntegerField(source="report_id", allow_null=True)
    parcel = Text(source="parcel_code")
    diary_entry = serializers.IntegerField(source="diary_entry_id", allow_null=True)
    kind = Choice(choices=Document.Kind.choices)
    title = Text()
    file_name = Text()
    content_type = Text()
    size_bytes = serializers.IntegerField()
    sha256 = Text(help_text="Of the file as it was handed in, which the log has.")
    public_sha256 = Text(help_text="Of the copy without metadata that the public is shown of an image; else empty.")
    is_public = serializers.BooleanField()
    uploaded_at = Moment()
    published_at = Moment(allow_null=True)
    withdrawn_at = Moment(allow_null=True)
    withdrawal_reason = Text()
    address = serializers.SerializerMethodField()

    def get_address(self, document: Document) -> str:
        return f"/api/v1/documents/{document.public_id}/content"


class ProjectDocuments(Endpoint):
    """The documents of one project."""

    tag = "documents"
    permission_classes = (IsAuthenticatedOrReadOnly,)
    parser_classes = (MultiPartParser,)

    @extend_schema(
        summary="List a project's documents",
        parameters=[DocumentQuerySerializer],
        responses=DocumentSerializer(many=True),
    )
    def list_documents(self, request: Request, code: str) -> Response:
        """What is public for everybody; all of them, withdrawn ones and photos too, for those whom the project concerns."""
        wanted = self.query(DocumentQuerySerializer)
        found = documents_seen_by(self.viewer).filter(project=access_project_by_code(code=code, membership=self.viewer))
        columns = {"report": "report_id", "parcel": "parcel_code", "diary_entry": "diary_entry_id", "kind": "kind"}
        return self.page(
            found.filter(**{columns[name]: value for name, value in wanted.items() if name in columns}),
            DocumentSerializer,
        )

    @extend_schema(
        summary="Hand a document in",
        request={"multipart/form-data": NewDocumentSerializer},
        responses={201: DocumentSerializer},
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def add_document(self, request: Request, code: str) -> Response:
        """For the project's cooperative, its verifiers and the operator. The file is looked into; its hash goes into the log."""
        project = access_project_by_code(code=code, membership=self.actor)
        given = _fields(request)
        file = given.pop("file")
        document = services.add_document(
            actor=self.actor,
            project_id=project.pk,
            new=services.NewDocument(
                # One byte more than is taken is enough to say that it is too large.
                content=file.read(MAX_BYTES + 1),
                file_name=file.name,
                kind=given["kind"],
                title=given.get("title", ""),
                report_id=given.get("report"),
                parcel_code=given.get("parcel", ""),
                diary_entry_id=given.get("diary_entry"),
                is_public=given.get("is_public") == "true",
            ),
        )
        return Response(show(DocumentSerializer, document), status=201)


def _fields(request: Request) -> dict[str, Any]:
    """Return the fields of a form, checked; each is given once."""
    assert isinstance(request.data, QueryDict), "forms are read as such"
    twice = [name for name, values in request.data.lists() if len(values) > 1]
    if twice:
        raise ValidationError({twice[0]: [_("Give this once.")]})
    checked: dict[str, Any] = NewDocumentSerializer().run_validation(request.data.dict())
    return checked


class Documents(Endpoint):
    """One document."""

    tag = "documents"
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(summary="Read about a document", responses=DocumentSerializer)
    def get_document(self, request: Request, public_id: UUID) -> Response:
        """What it is, of what size and hash."""
        return Response(show(DocumentSerializer, access_document(public_id=public_id, membership=self.viewer)))

    @extend_schema(summary="Download a document", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @refuses(FileOutOfReach)
    def get_document_content(self, request: Request, public_id: UUID) -> HttpResponseBase:
        """The file; of an image the public gets a copy without metadata. The ETag is the SHA-256 of what is sent."""
        document = access_document(public_id=public_id, membership=self.viewer)
        return file_response(request._request, document, self.viewer)

    @extend_schema(summary="Publish a document", request=NothingSerializer, responses=DocumentSerializer)
    @refuses(NotAllowed, OrganisationNotApproved, WrongState)
    def publish_document(self, request: Request, public_id: UUID) -> Response:
        """For the organisation that has handed it in. It cannot be made secret again, only withdrawn."""
        self.body(NothingSerializer)
        document = services.publish_document(actor=self.actor, public_id=public_id)
        return Response(show(DocumentSerializer, document))

    @extend_schema(summary="Withdraw a document", request=ReasonSerializer, responses=DocumentSerializer)
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, WrongState)
    def withdraw_document(self, request: Request, public_id: UUID) -> Response:
        """For the organisation that has handed it in. Its file stays, and those whom it concerns still see it."""
        document = services.withdraw_document(actor=self.actor, public_id=public_id, **self.body(ReasonSerializer))
        return Response(show(DocumentSerializer, document))

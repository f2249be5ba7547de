"""Hand the map of a project out, on a page as by the API."""

from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.cache import get_conditional_response

from ledger.projects.land.selectors import GEOJSON, geojson_of, geojson_version
from ledger.projects.models import Project


def geojson_answer(request: HttpRequest, project: Project, *, with_households: bool) -> Any:
    """Return a project's fields as GeoJSON, or that nothing has changed since the reader's copy."""
    etag = f'"{geojson_version(project, with_households=with_households)}"'
    answer = get_conditional_response(request, etag=etag)
    if answer is None:
        answer = StreamingHttpResponse(  # type: ignore[assignment]
            geojson_of(project, with_households=with_households), content_type=GEOJSON
        )
    assert answer is not None
    answer["ETag"] = etag
    answer["Cache-Control"] = "no-cache"
    return answer

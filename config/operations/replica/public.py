"""What may be read from a standby: what the public sees. The names are those of the addresses."""

from django.conf import settings
from django.http import HttpRequest
from rest_framework.permissions import AllowAny, IsAuthenticatedOrReadOnly

# The same for whoever reads them, but for what the frame of each page says of its reader.
PAGES = frozenset(
    {
        *("projects", "projects_map", "projects_map_json", "project_json", "parcels_geojson"),
        *("project_calculation", "project_workbook", "report_calculation", "report_workbook"),
        *("batches", "batch_json", "retirements", "certificate", "certificate_pdf", "retirement_json"),
        *("certificate_check", "references", "reference", "dual_carbon", "dual_carbon_csv"),
        *("cancellations", "cancellation", "cancellation_pdf", "reversals", "reversal", "methodologies", "methodology"),
        *("trace_search", "trace", "record_check", "downloads", "download", "sitemap", "sitemap_part"),
        *("markets", "market_history", "status"),
        # A tile never changes, and one that is not there yet is looked for at the primary. Checkpoints are the primary's:
        # whoever has seen a newer one would take an older one for a log that has lost something.
        "log_tile",
    }
)
# Those who are logged in see on them what is theirs, which others change too: of the primary.
FOR_VISITORS = frozenset(
    {"home", "project", "parcels", "batch", "report", "market", "market_live", "auctions", "auction"}
)
# The log's operations of the API are about the newest checkpoint.
NOT_OF_THE_API = ("/api/v1/log", "/api/v1/records")


def is_public(request: HttpRequest) -> bool:
    """Return whether what is asked for may come from a standby, by whoever asks."""
    match = request.resolver_match
    if request.method not in ("GET", "HEAD") or match is None:
        return False
    if match.url_name in PAGES:
        return True
    if match.url_name in FOR_VISITORS:
        return settings.SESSION_COOKIE_NAME not in request.COOKIES
    endpoint = getattr(match.func, "cls", None)
    return _is_open(endpoint) and not request.path.startswith(NOT_OF_THE_API)


def _is_open(endpoint: object) -> bool:
    """Return whether visitors may use what reads of an endpoint of the API."""
    return any(each in (AllowAny, IsAuthenticatedOrReadOnly) for each in getattr(endpoint, "permission_classes", ()))

"""The outermost of what every request goes through: health and metrics, an id for each request, and what is counted of it.

Probes and Prometheus come by address, with any Host, and without TLS inside of a network: they are answered here, before anything
else looks at the request. Everything else gets an id, which is in its answer, in each line of the log about it, and in the tasks that
follow from it.
"""

from collections.abc import Callable
from time import perf_counter

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from config.operations.observe import exposition, health, logs, tracing
from config.operations.observe.access import may_read_metrics
from config.operations.observe.tally import Answered, tally
from config.operations.observe.trails import CURRENT, Trail, is_well_formed, new_id

GetResponse = Callable[[HttpRequest], HttpResponse]

HEADER = "X-Request-ID"


class Observed:
    """Answers probes; counts, names and logs everything else."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.is_behind_proxy = settings.NUM_PROXIES > 0
        self.tracer = tracing.set_up("web")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        door = DOORS.get(request.path_info)
        if door is not None:
            return door(request)
        trail = Trail(self._request_id(request))
        before = CURRENT.set(trail)
        started = perf_counter()
        tally.begin()
        status = 500
        try:
            response = self.get_response(request) if self.tracer is None else self._traced(request, trail)
            status = response.status_code
            response.headers[HEADER] = trail.request_id
            return response
        finally:
            seconds, match = perf_counter() - started, request.resolver_match
            tally.end(None if match is None else match.route, request.method, status, seconds)
            if logs.access.is_on:
                logs.access.note(request, trail, status, seconds)
            CURRENT.reset(before)

    def _request_id(self, request: HttpRequest) -> str:
        """Return the id that our proxy has given the request; what comes from outside names itself nothing."""
        given = request.META.get("HTTP_X_REQUEST_ID") if self.is_behind_proxy else None
        return given if given is not None and is_well_formed(given) else new_id()

    def _traced(self, request: HttpRequest, trail: Trail) -> HttpResponse:
        assert self.tracer is not None
        carrier = {"traceparent": request.META.get("HTTP_TRACEPARENT", "")} if self.is_behind_proxy else {}
        with self.tracer.serving(f"{request.method}", carrier) as span:
            trail.trace_id = span.trace_id
            response = self.get_response(request)
            match = request.resolver_match
            route = Answered(None if match is None else match.route, request.method, response.status_code, 0.0).route
            span.name(f"{request.method} {route}")
            span.say({"http.request.method": request.method or "", "http.route": route})
            span.say({"http.response.status_code": response.status_code, "tianhui.request_id": trail.request_id})
            if response.status_code >= 500:
                span.fail()
            return response


def healthz(request: HttpRequest) -> HttpResponse:
    """Say that this process lives."""
    return _plain(b"ok\n")


def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether this process can do its work, and what is wrong."""
    found = health.prober.readiness()
    answer = HttpResponse(found.as_bytes(), status=found.status, content_type="application/json")
    answer.headers["Cache-Control"] = "no-store"
    # Django would log each of these answers as a failure of ours.
    answer._has_been_logged = True  # type: ignore[attr-defined]
    return answer


def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics to whoever may read them; `?database=0`: without what is read from the database and Redis."""
    said = request.META
    may = may_read_metrics(
        remote=said.get("REMOTE_ADDR", ""),
        authorization=said.get("HTTP_AUTHORIZATION", ""),
        came_by_proxy="HTTP_X_FORWARDED_FOR" in said or "HTTP_FORWARDED" in said,
    )
    if not may:
        return _plain(b"Metrics are read from the networks in METRICS_NETWORKS, or with METRICS_TOKEN.\n", 403)
    text = exposition.exposition(with_figures=request.GET.get("database") != "0")
    answer = HttpResponse(text, content_type=exposition.CONTENT_TYPE)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _plain(text: bytes, status: int = 200) -> HttpResponse:
    answer = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _only_read(door: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def answer(request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return door(request)
        refused = _plain(b"This can only be read.\n", 405)
        refused.headers["Allow"] = "GET, HEAD"
        return refused

    return answer


DOORS = {"/healthz": _only_read(healthz), "/readyz": _only_read(readyz), "/metrics": _only_read(metrics)}

"""Health and metrics of the process that streams, in front of its application."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from config.operations.observe import exposition, metrics
from config.operations.observe.access import may_read_metrics
from config.operations.observe.health import prober

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

TEXT, JSON = b"text/plain; charset=utf-8", b"application/json"


def observed(application: Application) -> Application:
    """Return the application with /healthz, /readyz and /metrics before it, and its readers counted."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
        elif (door := DOORS.get(scope["path"])) is not None:
            await _answer(send, scope["method"], *await door(scope))
        else:
            metrics.stream_readers.inc()
            try:
                await application(scope, receive, send)
            finally:
                metrics.stream_readers.dec()

    return answer


Answer = tuple[int, bytes, bytes]


async def _healthz(_scope: Scope) -> Answer:
    return 200, TEXT, b"ok\n"


async def _readyz(_scope: Scope) -> Answer:
    found = await asyncio.to_thread(prober.readiness)
    return found.status, JSON, found.as_bytes()


async def _metrics(scope: Scope) -> Answer:
    headers = {name.lower(): value for name, value in scope.get("headers", ())}
    may = may_read_metrics(
        remote=(scope.get("client") or ("",))[0],
        authorization=headers.get(b"authorization", b"").decode("latin-1"),
        came_by_proxy=b"x-forwarded-for" in headers or b"forwarded" in headers,
    )
    if not may:
        return 403, TEXT, b"Metrics are read from the networks in METRICS_NETWORKS, or with METRICS_TOKEN.\n"
    text = await asyncio.to_thread(exposition.exposition, with_figures=False)
    return 200, exposition.CONTENT_TYPE.encode(), text


DOORS: dict[str, Callable[[Scope], Awaitable[Answer]]] = {
    "/healthz": _healthz,
    "/readyz": _readyz,
    "/metrics": _metrics,
}


async def _answer(send: Send, method: str, status: int, content_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", content_type), (b"cache-control", b"no-store")]
    if method not in ("GET", "HEAD"):
        status, body, headers = 405, b"This can only be read.\n", [(b"content-type", TEXT), (b"allow", b"GET, HEAD")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})

"""Every address: pages, API, admin, log. Probes and metrics are answered before these (config/operations/observe/middleware.py)."""

from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView

from ledger.api.problems import no_such_address

handler500 = "config.failures.server_error"

urlpatterns = [
    # Orders come in by the thousand: their addresses are looked at first.
    path("api/v1/", include("trading.api.urls")),
    path("api/v1/", include("ledger.api.urls")),
    re_path(r"^api/v1(?:/|$)", no_such_address),
    path("", include("ledger.web.urls")),
    path("", include("trading.web.urls")),
    path("log/", include("ledger.web.log_urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/", include("ledger.api.page_urls")),
    path("admin/", admin.site.urls),
]

"""Addresses."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path


def _soon(request: HttpRequest, **kwargs: object) -> HttpResponse:
    raise Http404


urlpatterns = [
    path("login", _soon, name="login"),
    path("logout", _soon, name="logout"),
    path("sign-up", _soon, name="sign_up"),
    path("apply", _soon, name="apply"),
    path("language", _soon, name="set_language"),
    path("projects", _soon, name="projects"),
    path("projects/new", _soon, name="project_new"),
    path("projects/<code>", _soon, name="project"),
    path("projects/<code>/reports/<int:report_id>", _soon, name="report"),
    path("credits/<code>", _soon, name="batch"),
    path("holdings/<int:account_id>", _soon, name="statement"),
    path("credits/<code>/retire", _soon, name="retire"),
    path("withdraw", _soon, name="withdraw"),
    path("retirements", _soon, name="retirements"),
    path("retirements/<uuid:public_id>", _soon, name="certificate"),
    path("work", _soon, name="work"),
    path("tokens", _soon, name="tokens"),
    path("proof", _soon, name="log_page"),
]

"""Addresses of the pages about the API, below /api/."""

from django.urls import path

from ledger.api import pages

urlpatterns = [
    path("docs/", pages.reference_page, name="api_docs"),
    path("docs/<slug:subject>", pages.subject_page, name="api_subject"),
    path("problems/", pages.problem_list, name="api_problems"),
    path("problems/<slug:code>", pages.problem_page, name="api_problem"),
    path("client.py", pages.client_file, name="api_client"),
    path("client.py.sha256", pages.client_sha256, name="api_client_sha256"),
]

"""Pages for what goes wrong before a page is reached."""

import pytest


@pytest.mark.django_db
def test_a_strange_host_name_is_refused_with_a_page(client):
    response = client.get("/", headers={"host": "elsewhere.example"})
    assert response.status_code == 400
    assert b"<h1>" in response.content

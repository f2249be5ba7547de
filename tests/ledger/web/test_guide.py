"""The guides, and that they are true: what they link to is there, in both languages alike."""

import re

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.urls import resolve
from django.utils.translation import gettext, override

from ledger.web.guide import FOLDER, GUIDES, text_of

LANGUAGES = ("zh-hans", "en")
CATALOGUE = settings.LOCALE_PATHS[0] / "zh_Hans" / "LC_MESSAGES" / "django.po"
WORDS = set(re.findall(r'^msgid "(.+)"$', CATALOGUE.read_text(encoding="utf-8"), flags=re.MULTILINE))
BOTH = pytest.mark.parametrize(
    ("name", "language"), [(each.name, language) for each in GUIDES for language in LANGUAGES]
)


def source(name, language):
    return (FOLDER / f"{name}.{language}.md").read_text(encoding="utf-8")


@pytest.mark.django_db
@BOTH
def test_a_guide_is_shown_in_the_readers_language(client, name, language):
    page = client.get(f"/guide/{name}", headers={"accept-language": language})
    assert page.status_code == 200
    text = text_of(name, language)
    assert text.title in page.content.decode()
    assert len(text.sections) >= 3
    assert all(f'id="{section.place}"' in text.html for section in text.sections)


@BOTH
def test_what_a_guide_links_to_is_there(name, language):
    for address in re.findall(r"\]\((/[^)#?\s]*)", source(name, language)):
        assert resolve(address), address


@BOTH
def test_the_pictures_of_a_guide_are_served_with_their_size(name, language):
    pictures = re.findall(r"<img [^>]*>", text_of(name, language).html)
    assert len(pictures) == source(name, language).count("](../images/")
    for picture in pictures:
        assert re.search(r'alt="[^"]+"', picture), picture
        assert re.search(r'width="\d+" height="\d+" loading="lazy"', picture), picture
        assert finders.find(re.search(r'src="/static/([^"]+)"', picture)[1]), picture


@BOTH
def test_the_buttons_that_a_guide_names_are_called_so(name, language):
    named = re.findall({"en": r'[Pp]ress "([^"]+)"', "zh-hans": "按“([^”]+)”"}[language], source(name, language))
    with override(language):
        shown = {gettext(words) for words in WORDS}
    assert [words for words in named if words not in shown] == []


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_both_languages_say_the_same_parts(guide):
    parts = [re.findall(r"^(#+|!\[|\d+\.)", source(guide.name, language), flags=re.MULTILINE) for language in LANGUAGES]
    assert parts[0] == parts[1]


@pytest.mark.django_db
def test_the_readers_own_guide_comes_first(client, who):
    client.force_login(who.verifier.user)
    page = client.get("/guide").content.decode()
    assert page.index("/guide/verifier") < page.index("/guide/visitor")


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["nothing", "..", "visitor.en"])
def test_a_guide_that_is_not_there_is_not_found(client, name):
    assert client.get(f"/guide/{name}").status_code == 404

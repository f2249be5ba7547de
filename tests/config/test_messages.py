import pytest
from django.utils import translation
from django.utils.translation import gettext, pgettext

from config import messages


def test_every_message_of_the_code_is_translated_and_compiled():
    assert messages.problems() == []


def test_the_translations_are_loaded_under_the_name_that_the_settings_use():
    with translation.override("zh-hans"):
        assert gettext("Retire") == "注销"
    with translation.override("en"):
        assert gettext("Retire") == "Retire"


@pytest.mark.parametrize(("context", "word"), [("factor", "Value"), ("supply", "Held"), ("rule", "holds")])
def test_a_word_of_two_meanings_has_two_translations(context, word):
    with translation.override("zh-hans"):
        assert pgettext(context, word) != gettext(word)


def test_a_message_that_is_not_translated_is_found(monkeypatch, tmp_path):
    monkeypatch.setattr(messages, "PO", tmp_path / "django.po")
    messages.PO.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Retire"\nmsgstr ""\n'
    )
    found = messages.problems()
    assert "not translated: 'Retire'" in found
    assert "not in the .po file: 'Sell'" in found

from decimal import Decimal

import pytest
from django.utils import translation
from django.utils.formats import number_format


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_both_languages_group_by_three(language):
    with translation.override(language):
        assert number_format(Decimal("1234567.50"), decimal_pos=2, force_grouping=True) == "1,234,567.50"

"""What may stand in an address: anything else is not found before a database is asked."""

from django.urls import register_converter

from config.codes import CODE


class RowId:
    """The id of a row: a number that PostgreSQL's bigint can hold, written without leading zeros."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number >= 2**63:
            raise ValueError(value)
        return number

    def to_url(self, value: int) -> str:
        return str(value)


class Code:
    """A permanent name, of a project, a batch or a market."""

    regex = CODE

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(RowId, "id")
register_converter(Code, "code")

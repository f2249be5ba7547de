"""What may stand in an address: anything else is not found before a database is asked."""


class CodeConverter:
    """The public name of a project or a batch, such as TH-35-000001-2022."""

    regex = "[A-Za-z0-9-]{1,40}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value

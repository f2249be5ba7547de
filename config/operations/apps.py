"""Operations, as an app of Django's: for its checks."""

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "config.operations"
    label = "operations"

    def ready(self) -> None:
        from config.operations.deploy import checks  # noqa: F401

"""What Prometheus would read, read."""

from collections.abc import Iterable

from prometheus_client.parser import text_string_to_metric_families

Scrape = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(text: str) -> Scrape:
    """Return each sample of a scrape by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(scrape: Scrape, name: str, **labels: str) -> float:
    """Return the sum of the samples of a name that have these labels at least; 0 of none."""
    wanted = set(labels.items())
    return sum(value for (each, has), value in scrape.items() if each == name and wanted <= has)


def names(scrape: Iterable[tuple[str, frozenset[tuple[str, str]]]]) -> set[str]:
    """Return the names of all samples."""
    return {name for name, _labels in scrape}

"""The languages that the law demands of a notice for these places."""

from collections.abc import Iterator

from hub.gate.case import Case
from hub.model.review import Finding, Level


def demanded(case: Case) -> Iterator[Finding]:
    """A language of the territory is not rendered here at all."""
    needed = case.register.languages_for(case.register.places(case.directive.territory))
    missing = [language for language in needed if language not in case.languages]
    if missing:
        yield case.finding(
            "U203",
            Level.WARNING,
            ", ".join(missing),
            "the territory's notices need this language too",
            "add it to service.languages in config.toml, or have it published by other means",
        )

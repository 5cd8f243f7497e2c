"""Which of several configurations is meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import shown
from peft_demo.runs.matching import plain
from peft_demo.runs.reading.configurations import Configuration

MOST = 50
"""Configurations of one text."""

_MOST_TELLING = 4
"""Options that are named to tell a configuration from others."""


class SeveralConfigurationsError(InvalidFieldsError):
    """A text has several configurations, and nobody has said which is meant."""

    def __init__(self, labels: Sequence[str]) -> None:
        """Ask.

        Args:
            labels: what to call each, in order.
        """
        self.labels = tuple(labels)
        listed = "; ".join(f"{number}. {label}" for number, label in enumerate(labels, start=1))
        super().__init__(
            {
                "config": f"config holds {len(labels)} configurations, and choice must be the "
                f"number of the one that is meant: {listed}."
            }
        )


def distinct(configurations: Iterable[Configuration]) -> list[Configuration]:
    """Each configuration once, however often it is written.

    Raises:
        InvalidFieldsError: there are too many, at ``config``.
    """
    found: dict[str, Configuration] = {}
    for configuration in configurations:
        options = {
            name: value
            for name, value in configuration.given.items()
            if value is not None and name != "peft_type"
        }
        key = repr(
            (str(configuration.peft_type), sorted(options.items(), key=lambda pair: pair[0]))
        )
        key += repr(sorted(configuration.unknown.values()))
        found.setdefault(key, configuration)
    if len(found) > MOST:
        refuse("config", f"config must hold 1 to {MOST} configurations, got {len(found):,}.")
    return list(found.values())


def chosen(configurations: Sequence[Configuration], choice: object) -> Configuration:
    """The one with the number ``choice``, counted from 1; the only one if there are no others.

    Raises:
        InvalidFieldsError: there is no such number, at ``choice``.
        SeveralConfigurationsError: there are several, and ``choice`` is None.
    """
    if choice is None:
        if len(configurations) > 1:
            raise SeveralConfigurationsError(labels(configurations))
        return configurations[0]
    count = len(configurations)
    if isinstance(choice, bool) or not isinstance(choice, int) or not 1 <= choice <= count:
        refuse(
            "choice", f"choice must be a whole number between 1 and {count}, got {shown(choice)}."
        )
    return configurations[choice - 1]


def labels(configurations: Sequence[Configuration]) -> list[str]:
    """What to call each of them: class, place, and the options that tell it from the others."""
    names = dict.fromkeys(name for each in configurations for name in each.given)
    telling = [
        name
        for name in names
        if name != "peft_type" and len({repr(each.given.get(name)) for each in configurations}) > 1
    ]
    return [_label(each, telling) for each in configurations]


def _label(configuration: Configuration, telling: Sequence[str]) -> str:
    given = [
        f"{name[:40]}={_cut(configuration.given[name])}"
        for name in telling
        if configuration.given.get(name) is not None
    ][:_MOST_TELLING]
    title = configuration.where or str(plain(configuration.peft_type))[:60]
    return f"{title} ({', '.join(given)})" if given else title


def _cut(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 50 else f"{text[:50]}…"

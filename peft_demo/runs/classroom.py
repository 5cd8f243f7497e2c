"""Classroom: what a teacher decides for everybody on one store."""

from __future__ import annotations

from collections.abc import Mapping

from peft_demo import settings
from peft_demo.fields import Integer, check_all
from peft_demo.languages import gettext_noop
from peft_demo.runs.results import Record

LIMITS = (
    Integer(
        "waiting",
        gettext_noop("Runs that wait"),
        gettext_noop("Of one person; a sweep counts as many as it has."),
        None,
        1,
        settings.most["waiting"].most,
    ),
    Integer(
        "minutes",
        gettext_noop("Minutes that wait"),
        gettext_noop("Of all runs of one person in the queue, as forecast."),
        None,
        1,
        settings.most["minutes"].most,
    ),
    Integer(
        "reviews",
        gettext_noop("Texts"),
        gettext_noop("Of a run, for training and validation together."),
        None,
        10,
        settings.most["reviews"].most,
    ),
    Integer(
        "epochs",
        gettext_noop("Epochs"),
        gettext_noop("Of a run."),
        None,
        1,
        settings.most["epochs"].most,
    ),
    Integer(
        "tokens",
        gettext_noop("Tokens"),
        gettext_noop("Of each text."),
        None,
        8,
        settings.most["tokens"].most,
    ),
    Integer(
        "repeats",
        gettext_noop("Repeats"),
        gettext_noop("Of one configuration at once."),
        None,
        1,
        settings.most["repeats"].most,
    ),
)
"""Each is left empty where the setting decides."""


class Classroom(Record):
    """What was decided; nothing yet is as settings say."""

    limits: dict[str, int] = {}  # noqa: RUF012
    """Of LIMITS, those that a teacher has set."""
    is_paused: bool = False
    """Whether no run is taken from the queue."""
    hides_names: bool = False
    """Whether everybody is a numbered student to everybody."""
    page: str = ""
    """The query of the link that the class opens the page with; see ``ui.learn.controls``."""
    cleared: tuple[str, ...] = ()
    """The runs that were deleted together the last time that the class was cleared."""

    def most(self, name: str) -> int | None:
        """The limit that holds; None if there is none."""
        setting = settings.most[name]()
        return self.limits.get(name) or (None if setting == "any" else int(setting))


def checked_limits(values: Mapping[str, object]) -> dict[str, int]:
    """Limits as they were entered, without those that are left empty.

    Raises:
        InvalidFieldsError: a sentence for each that is not allowed.
    """
    checked = check_all(LIMITS, values)
    return {name: int(value) for name, value in checked.items() if isinstance(value, int)}

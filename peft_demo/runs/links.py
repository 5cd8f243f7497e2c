"""A configuration as a link, and back."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import shown
from peft_demo.runs.config import RunConfig
from peft_demo.runs.matching import Imported, from_flat
from peft_demo.runs.run_fields import NAME


def to_link(config: RunConfig) -> str:
    """The configuration as a query, without what its method has by default."""
    usual = RunConfig({"method": config.method}).flat()
    if config.name == config.summary:
        usual["name"] = config.name
    changed = {name: value for name, value in config.flat().items() if value != usual[name]}
    pairs = {"method": config.method, **changed}
    return urlencode(
        {k: ",".join(map(str, v)) if isinstance(v, list) else v for k, v in pairs.items()},
        safe=",/",
    )


_OF_PAGES = (
    *("view", "run_ids", "group", "evaluation_set"),
    *("lesson", "hide", "fix", "challenge", "present"),
)
"""Keys of links to the compare page, to lessons and challenges, and how the page is shown."""


def from_link(query: str) -> Imported:
    """Read a query that ``to_link`` wrote; the page's own keys (``__theme``) are left out.

    Raises:
        InvalidFieldsError: a sentence for each key or value that is not allowed.
    """
    values: dict[str, str] = {}
    problems = {}
    for name, value in parse_qsl(query.removeprefix("?"), keep_blank_values=True):
        if name.startswith("__") or name in _OF_PAGES or (name, value) == (NAME.name, ""):
            continue
        if name in values:
            came = f"{shown(values[name])} and {shown(value)}"
            problems[name] = f"{name} must be given once, got {came}."
        values[name] = value
    try:
        read = from_flat(values, {}) if values else Imported({})
    except InvalidFieldsError as error:
        problems = {**error.problems, **problems}
    if problems:
        raise InvalidFieldsError(problems)
    return read

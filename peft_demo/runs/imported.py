"""ImportedConfig: what is known of an adapter that was trained elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from peft_demo.data import DEFAULT_DATASET
from peft_demo.errors import InvalidFieldsError, refuse
from peft_demo.fields import check_all, shown
from peft_demo.models import BUILTIN_BASE
from peft_demo.runs.known import KnownConfig
from peft_demo.runs.run_fields import METHOD, NAME, method_field, run_fields

PEFT_CONFIG = "peft_config"
"""The key that tells an import's stored configuration from a training's."""

LENGTH_UNKNOWN = "not known"
"""Where ``max_length`` is from when neither the files nor a person said it."""

CHOSEN = "chosen at import"
"""Where ``max_length`` is from when a person said it."""

_LONGEST_SOURCE = 400

_CHECKED = (
    METHOD.name,
    "base_model",
    "dataset",
    "max_length",
    "num_test_reviews",
    NAME.name,
)


class ImportedConfig(KnownConfig):
    """What an adapter's files say of it, and how it is tested here.

    Built from the flat mapping that ``flat()`` gives. ``method_values`` hold peft's options as
    they are, whatever a form would allow. How it was trained is not known, and not stored.

    Raises:
        InvalidFieldsError: one sentence for each field that is missing or not allowed.
    """

    max_length: int
    max_length_from: str
    """Who said so: a file's name, ``chosen at import``, or LENGTH_UNKNOWN."""
    num_test_reviews: int
    label_order: tuple[int, ...]
    """For each label here, which of the head's outputs it was; empty where they were in order."""
    source: str
    """The Hub's repository and commit that it came from; empty where it was brought as files."""
    peft_config: dict[str, Any]
    """Its adapter_config.json, sanitised; empty for imports of versions that did not keep it."""

    def __init__(self, values: Mapping[str, object]) -> None:
        if not isinstance(values, Mapping):
            refuse("config", f"config must map fields to values, got {shown(values)}.")
        BaseModel.__init__(self, **attributes(values))

    @classmethod
    def model_validate(cls, obj: Any, **_: Any) -> ImportedConfig:
        """Build from a flat mapping; see the class."""
        return cls(obj)

    def flat(self) -> dict[str, Any]:
        """See KnownConfig."""
        values = super().flat()
        if not self.label_order:
            del values["label_order"]
        if not self.source:
            del values["source"]
        return values

    def told(self) -> dict[str, Any]:
        """See KnownConfig; what the adapter's configuration says is among the method's options."""
        return {name: value for name, value in self.flat().items() if name != PEFT_CONFIG}

    @property
    def notes(self) -> tuple[str, ...]:
        """See KnownConfig."""
        told = []
        if not self.is_length_known:
            told.append(
                f"max_length is not in the adapter's files: it is tested at {self.max_length:,} "
                "tokens of each text; say the length that it was trained at if you know it."
            )
        elif self.max_length_from != CHOSEN:
            told.append(f"max_length {self.max_length:,} is taken from {self.max_length_from}.")
        if self.label_order:
            outputs = sorted(range(len(self.label_order)), key=self.label_order.__getitem__)
            names = ", ".join(self.labels[label] for label in outputs)
            told.append(f"The outputs of its head are put into our order: they were {names}.")
        return tuple(told)

    @property
    def is_length_known(self) -> bool:
        """Whether it is tested at a length that somebody named."""
        return self.max_length_from != LENGTH_UNKNOWN

    @property
    def summary(self) -> str:
        """Its method, and that it was imported."""
        return f"{self.method_label} · imported"


def _is_order(value: object) -> bool:
    """Whether it names each place once, or none at all."""
    if not isinstance(value, (list, tuple)) or not all(type(place) is int for place in value):
        return False
    return sorted(value) == list(range(len(value)))


def without_training(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The flat import in a stored configuration of an earlier version.

    Those versions stored a training's configuration, whose values were defaults.
    """
    made_up = {field.name for field in run_fields()} - set(_CHECKED) | {"learning_rate"}
    kept = {name: value for name, value in stored.items() if name not in made_up}
    return {"max_length_from": LENGTH_UNKNOWN, PEFT_CONFIG: {}, **kept}


def attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    """What an ImportedConfig holds, from its flat mapping, every value checked.

    Raises:
        InvalidFieldsError: as the class.
    """
    base = values.get("base_model", BUILTIN_BASE)
    dataset = values.get("dataset", DEFAULT_DATASET)
    fields = {field.name: field for field in (*run_fields(base, dataset), method_field(), NAME)}
    problems: dict[str, str] = {}
    checked: dict[str, Any] = {}
    try:
        checked = check_all([fields[name] for name in _CHECKED], values)
    except InvalidFieldsError as error:
        problems = error.problems
    config = values.get(PEFT_CONFIG, {})
    if not isinstance(config, Mapping):
        problems[PEFT_CONFIG] = f"{PEFT_CONFIG} must map options to values, got {shown(config)}."
    order = values.get("label_order", ())
    if not _is_order(order):
        problems["label_order"] = f"label_order must name each output once, got {shown(order)}."
    source = values.get("source", "")
    if not isinstance(source, str) or len(source) > _LONGEST_SOURCE:
        problems["source"] = (
            f"source must be a text of at most {_LONGEST_SOURCE} characters, got {shown(source)}."
        )
    if problems:
        raise InvalidFieldsError(problems)
    own = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in values.items()
        if name not in ImportedConfig.model_fields
    }
    named = {"name": checked["name"] or f"{checked['method']} · imported"}
    return {
        **checked,
        **named,
        "max_length_from": str(values.get("max_length_from", LENGTH_UNKNOWN)),
        "label_order": tuple(order),
        "source": source,
        PEFT_CONFIG: dict(config),
        "method_values": own,
    }

"""Configurations from elsewhere: a pasted peft call, an adapter_config.json, our JSON, a link."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import Field, shown
from peft_demo.methods import HEAD_MODULES, METHODS, UNSUPPORTED, Method, Setting
from peft_demo.runs import BASE_MODELS, RunConfig

if TYPE_CHECKING:
    from peft import PeftConfig

LONGEST = 100_000
"""Characters of a pasted text."""

_BOOKKEEPING = {
    "peft_type",
    "task_type",
    "auto_mapping",
    "peft_version",
    "revision",
    "inference_mode",
    "base_model_name_or_path",
    "modules_to_save",
}
"""What says nothing about the training, or is looked at by itself."""

_HEADS = {*HEAD_MODULES, "score"}
"""peft's own name for a head is added to every configuration."""


@dataclass(frozen=True)
class Imported:
    """What was read."""

    values: dict[str, Any]
    """A flat mapping for RunConfig, of what the text says and no more."""
    notes: tuple[str, ...] = ()
    """A sentence for each thing that cannot be honoured."""


def read(text: str) -> Imported:
    """Turn somebody's text into a flat configuration; nothing in it is executed.

    Raises:
        InvalidFieldsError: it is none of the three kinds, contradicts itself, or holds what is
            unknown or not allowed; at the field, or at ``config``.
    """
    text = (text or "").strip()
    if not text or len(text) > LONGEST:
        came = f"{len(text):,} characters" if text else "nothing"
        _refuse(f"config must be 1 to {LONGEST:,} characters, got {came}.")
    if not text.startswith("{"):
        name, options = _read_call(text)
        return _from_peft(_class_named(name), options)
    values = _read_json(text)
    if "peft_type" in values:
        return _from_peft(_class_of_type(values["peft_type"]), values)
    RunConfig(values)
    return Imported(values)


def to_link(config: RunConfig) -> str:
    """The configuration as a query, without what its method has by default."""
    values = config.flat()
    usual = RunConfig({"method": config.method}).flat()
    if config.name == config.summary:
        values["name"] = usual["name"]
    changed = {name: value for name, value in values.items() if value != usual[name]}
    pairs = {"method": config.method, **changed}
    return urlencode(
        {k: ",".join(v) if isinstance(v, list) else v for k, v in pairs.items()}, safe=","
    )


def from_link(query: str) -> Imported:
    """Read a query that ``to_link`` wrote; the page's own keys (``__theme``) are left out.

    Raises:
        InvalidFieldsError: a sentence for each key or value that is not allowed.
    """
    values: dict[str, str] = {}
    problems = {}
    for name, value in parse_qsl(query.removeprefix("?"), keep_blank_values=True):
        if name.startswith("__") or name in ("view", "run_ids"):
            continue
        if name in values:
            problems[name] = f"{name} must be given once, got {shown(values[name])} and {value}."
        values[name] = value
    if not values and not problems:
        return Imported({})
    try:
        config = RunConfig(values)
    except InvalidFieldsError as error:
        problems = {**error.problems, **problems}
    if problems:
        raise InvalidFieldsError(problems)
    flat = config.flat()
    return Imported({name: flat[name] for name in {"method": "", **values}})


# Reading text


def _read_json(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise _refusal(f"config must be valid JSON, got: {_first_line(error)}.") from error
    return values  # the text begins with a brace, so it is an object


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise ValueError(f"{name} is there twice")
        values[name] = value
    return values


def _read_call(text: str) -> tuple[str, dict[str, Any]]:
    """Class name and arguments of the one configuration that a piece of Python builds."""
    try:
        tree = ast.parse(text)
        calls = _configurations(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = _first_line(error)
        raise _refusal(f"config must be JSON or valid Python, got: {reason}.") from error
    if len(calls) != 1:
        found = " and ".join(_name(call.func) for call in calls) or "none"
        _refuse(f"config must hold one call of a peft configuration, got {found}.")
    call = calls[0]
    if call.args:
        _refuse(
            f"config must give every argument by name, got {_source(call.args[0])} in "
            f"{_name(call.func)}."
        )
    options: dict[str, Any] = {}
    for keyword in call.keywords:
        if keyword.arg in options:
            _refuse(f"config must give {keyword.arg} once; it is repeated.")
        if keyword.arg is None:
            _refuse(f"config must spell its arguments out, got **{_source(keyword.value)}.")
        else:
            options[keyword.arg] = _literal(keyword.arg, keyword.value)
    return _name(call.func), options


def _configurations(tree: ast.AST) -> list[ast.Call]:
    """Calls whose name ends in Config, but not those inside of another one."""
    found: list[ast.Call] = []
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Call) and _name(node.func).endswith("Config"):
            found.append(node)
        else:
            waiting.extend(ast.iter_child_nodes(node))
    return found


def _literal(name: str, node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return [_literal(name, item) for item in items]
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {
                str(_literal(name, key)): _literal(name, value)
                for key, value in zip(keys, values, strict=True)
                if key is not None
            }
        case ast.Attribute(value=ast.Name() | ast.Attribute(), attr=last):
            return last  # TaskType.SEQ_CLS
    raise InvalidFieldsError(
        {"config": f"{name} must be a plain value, got {_source(node)}: nothing is executed here."}
    )


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _source(node: ast.AST) -> str:
    return ast.unparse(node)[:60]


def _first_line(error: BaseException) -> str:
    reason = error.msg if isinstance(error, SyntaxError) else str(error)
    return ((reason or "too deeply nested").splitlines() or ["nothing"])[0][:120].rstrip(".")


def _refusal(sentence: str) -> InvalidFieldsError:
    return InvalidFieldsError({"config": sentence})


def _refuse(sentence: str) -> None:
    raise _refusal(sentence)


# From peft's configuration to a row


def _classes() -> dict[str, type[PeftConfig]]:
    """Peft's configuration classes by their PeftType."""
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    return {str(kind.value): found for kind, found in PEFT_TYPE_TO_CONFIG_MAPPING.items()}


def _class_named(name: str) -> type[PeftConfig]:
    for kind, found in _classes().items():
        if found.__name__ == name:
            return _offered(kind, found)
    raise _refusal(f"config must build a configuration of peft, got {name}, which peft has not.")


def _class_of_type(peft_type: object) -> type[PeftConfig]:
    found = _classes().get(str(peft_type))
    if found is None:
        raise InvalidFieldsError(
            {"peft_type": f"peft_type must be one that peft has, got {shown(peft_type)}."}
        )
    return _offered(str(peft_type), found)


def _offered(peft_type: str, found: type[PeftConfig]) -> type[PeftConfig]:
    if any(type(row.config) is found for row in _rows()):
        return found
    for other in UNSUPPORTED:
        if other.peft_type == peft_type:
            raise InvalidFieldsError(
                {"peft_type": f"{other.label} is not offered here: {other.reason}"}
            )
    raise InvalidFieldsError({"peft_type": f"{peft_type} is not offered here."})


@dataclass(frozen=True)
class _Row:
    """What a method's row makes of its defaults, and which options are its own."""

    method: Method
    config: PeftConfig
    derived: frozenset[str]
    """Options that follow from the training, the base, the seed, or other fields."""

    @property
    def named(self) -> set[str]:
        return {field.name for field in self.method.fields}

    def fixed(self) -> dict[str, Any]:
        """Options that make this row what it is, and are not peft's default."""
        usual = _defaults(type(self.config))
        return {
            name: value
            for name, value in _options(self.config).items()
            if name not in self.named | self.derived | _BOOKKEEPING and value != usual[name]
        }


@lru_cache(maxsize=1)
def _rows_of(_methods: tuple[Method, ...]) -> tuple[_Row, ...]:
    rows = []
    for method in _methods:
        if method.peft_config is not None:
            usual = RunConfig({"method": method.id})
            config = method.peft_config(usual.method_values, usual.setting)
            rows.append(_Row(method, config, _derived(method, usual, config)))
    return tuple(rows)


def _rows() -> tuple[_Row, ...]:
    return _rows_of(tuple(METHODS.values()))


def _derived(method: Method, usual: RunConfig, config: PeftConfig) -> frozenset[str]:
    """Options that change with the setting, or with a field of another name."""
    assert method.peft_config is not None
    setting = usual.setting
    other = Setting(
        replace(setting.base, dim=2 * setting.base.dim, n_layers=1, n_heads=1),
        setting.max_steps + 1,
        setting.max_length,
        setting.seed + 1,
    )
    variants = [(usual.method_values, other)]
    for field in method.fields:
        if field.kind == "integer":
            changed = {**usual.method_values, field.name: usual.method_values[field.name] + 1}
            variants.append((changed, setting))
    before = _options(config)
    named = {field.name for field in method.fields}
    found: set[str] = set()
    for values, its_setting in variants:
        try:
            after = _options(method.peft_config(values, its_setting))
        except ValueError:
            continue  # peft itself refuses this neighbour of the defaults
        found |= {name for name in before if before[name] != after[name]}
    return frozenset(found - named)


def _options(config: PeftConfig) -> dict[str, Any]:
    return {field.name: _plain(getattr(config, field.name)) for field in fields(config)}


def _defaults(found: Any) -> dict[str, Any]:
    """What peft takes for options that are not given."""
    defaults = {}
    for field in fields(found):
        value = field.default
        if value is MISSING:
            value = field.default_factory() if field.default_factory is not MISSING else None
        defaults[field.name] = _plain(value)
    return defaults


def _plain(value: Any) -> Any:
    """A value whose equals are equal: JSON has neither sets, nor tuples, nor enumerations."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    to_dict = getattr(value, "to_dict", None)
    return _plain(to_dict()) if callable(to_dict) else value


def _from_peft(found: type[PeftConfig], given: Mapping[str, Any]) -> Imported:
    given = {name: _plain(value) for name, value in given.items()}
    usual = _defaults(found)
    unknown = [name for name in given if name not in usual]
    if unknown:
        raise InvalidFieldsError(
            {name: f"{shown(name)} is no option of peft's {found.__name__}." for name in unknown}
        )
    task = given.get("task_type")
    if task not in (None, "SEQ_CLS"):
        raise InvalidFieldsError({"task_type": f"task_type must be SEQ_CLS, got {shown(task)}."})
    row = _matching(found, {**usual, **given})
    values, notes = _base(given)
    for field in row.method.fields:
        value, note = _value(field, given.get(field.name, usual.get(field.name)))
        notes += note
        if value is not None:
            values[field.name] = value
    notes += _unhonoured(row, given)
    values = {"method": row.method.id, **values}
    RunConfig(values)
    return Imported(values, tuple(notes))


def _matching(found: type[PeftConfig], given: Mapping[str, Any]) -> _Row:
    """The row whose fixed options are the given ones."""
    rows = [row for row in _rows() if type(row.config) is found]
    telling = {name for row in rows for name in row.fixed()}
    usual = _defaults(found)
    # First those that fix what is a field of others: head only has no target modules.
    for row in sorted(rows, key=lambda row: len(telling & row.named)):
        fixed = row.fixed()
        own = telling - row.named - row.derived
        if all(given[name] == fixed.get(name, usual[name]) for name in own):
            return row
    came = ", ".join(
        f"{name}={given[name]!r}" for name in sorted(telling) if given[name] != usual[name]
    )
    known = "; ".join(
        f"{row.method.label}: {', '.join(f'{k}={v!r}' for k, v in row.fixed().items()) or 'none'}"
        for row in rows
    )
    raise _refusal(f"config must have the options of one method ({known}), got {came}.")


def _value(field: Field, value: Any) -> tuple[Any, list[str]]:
    """A field's value, and what to say about it."""
    if field.kind != "modules":
        return value, []
    if value is None:
        return None, [f"{field.name} is not given, and peft knows none for DistilBERT."]
    if value == "all-linear":
        return list(field.choices), []
    if isinstance(value, str):
        value = [value]
    return [_module(field, str(name)) for name in value], []


def _module(field: Field, name: str) -> str:
    """A module by the name that the form has: ``attention.q_lin`` and ``lin1`` are known too."""
    for choice in field.choices:
        if name == choice or choice.endswith(f".{name}") or name == f"attention.{choice}":
            return choice
    return name  # refused by the field's own check, with the names that there are


def _base(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    base = given.get("base_model_name_or_path")
    if base in BASE_MODELS:
        return {"base_model": base}, []
    if base:
        return {}, [f"base_model_name_or_path={base!r} is not one of the bases here."]
    return {}, []


def _unhonoured(row: _Row, given: Mapping[str, Any]) -> list[str]:
    """A sentence for each option that is given and will be another."""
    ours, notes = _options(row.config), []
    for name, value in given.items():
        if name in row.named or value == ours[name] or (name in row.derived and value is None):
            continue
        if name in row.derived:
            notes.append(f"{name}={value!r} follows from the training here.")
        elif name not in _BOOKKEEPING:
            notes.append(f"{name}={value!r} cannot be honoured here; {ours[name]!r} is used.")
        elif name == "modules_to_save" and set(value or _HEADS) - _HEADS:
            others = ", ".join(sorted(set(value) - _HEADS))
            notes.append(f"modules_to_save: only the head is trained here, not {others}.")
    return notes

"""Configurations from elsewhere: a pasted peft call, an adapter_config.json, our JSON, a link."""

from __future__ import annotations

import ast
import dataclasses
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, replace
from enum import Enum
from functools import lru_cache
from textwrap import dedent
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qsl, urlencode

from peft_demo.errors import InvalidFieldsError
from peft_demo.fields import Field, check_all, shown
from peft_demo.methods import (
    ATTENTION,
    HEAD_MODULES,
    METHODS,
    MODULES,
    UNSUPPORTED,
    Method,
    Setting,
    Values,
)
from peft_demo.runs import BASE_MODELS, LEARNING_RATE, METHOD, NAME, RUN_FIELDS, RunConfig

if TYPE_CHECKING:
    from peft import PeftConfig

LONGEST = 100_000
"""Characters of a pasted text."""

_LARGEST_BITS = 1_000
"""Of a whole number: Python refuses to write very large ones out, also in a sentence."""

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
    """A flat mapping for RunConfig: the method, what the text says, and what peft would take for
    the method's fields that it leaves out."""
    notes: tuple[str, ...] = ()
    """A sentence for each thing that cannot be honoured."""


def read(text: str, current: Mapping[str, object] | None = None) -> Imported:
    """Turn somebody's text into a flat configuration; nothing in it is executed.

    Args:
        text: a peft call with Python around it, an adapter_config.json, or our flat JSON.
        current: the flat configuration whose other settings stay, so that values are checked
            beside them; the defaults if it is not given or not valid.

    Raises:
        InvalidFieldsError: it is none of the three kinds, contradicts itself, or holds what is
            unknown or not allowed; at the field, or at ``config``.
    """
    text = (text or "").strip("\ufeff\r\n")
    length = len(text.strip())
    if not 0 < length <= LONGEST:
        came = f"{length:,} characters" if length else "nothing"
        _refuse(f"config must be 1 to {LONGEST:,} characters, got {came}.")
    try:
        return _read(dedent(text).strip(), _valid(current))
    except (RecursionError, MemoryError) as error:
        raise _refusal("config must be less deeply nested to be read.") from error


def _read(text: str, rest: Mapping[str, Any]) -> Imported:
    if not text.startswith("{"):
        name, options = _read_call(text)
        return _from_peft(_class_named(name), options, rest)
    values = _read_json(text)
    if "peft_type" in values:
        return _from_peft(_class_of_type(values["peft_type"]), values, rest)
    return _from_flat(values, rest)


def to_link(config: RunConfig) -> str:
    """The configuration as a query, without what its method has by default."""
    values = config.flat()
    usual = RunConfig({"method": config.method}).flat()
    if config.name == config.summary:
        values["name"] = usual["name"]
    changed = {name: value for name, value in values.items() if value != usual[name]}
    pairs = {"method": config.method, **changed}
    return urlencode(
        {k: ",".join(v) if isinstance(v, list) else v for k, v in pairs.items()}, safe=",/"
    )


_OF_PAGES = ("view", "run_ids", "group")
"""Keys of links to the compare page."""


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
    if not values:
        return Imported({})
    try:
        flat = RunConfig(values).flat()
    except InvalidFieldsError as error:
        problems = {**error.problems, **problems}
        if METHOD.name in problems:  # nothing else was looked at
            problems = {**_problems_of_any_method(values), **problems}
    if problems:
        raise InvalidFieldsError(problems)
    return Imported({name: flat[name] for name in {METHOD.name: "", **values}})


def _problems_of_any_method(values: Mapping[str, object]) -> dict[str, str]:
    """What is wrong with the fields that all methods have."""
    try:
        check_all((LEARNING_RATE, *RUN_FIELDS, NAME), values)
    except InvalidFieldsError as error:
        return error.problems
    return {}


# Reading text


def _read_json(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text, object_pairs_hook=_without_repeats)
    except ValueError as error:
        raise _refusal(f"config must be valid JSON, got: {_reason(error)}.") from error
    return _plain(values)  # the text begins with a brace, so it is an object


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise ValueError(f"{shown(name)} is there twice")
        values[name] = value
    return values


def _read_call(text: str) -> tuple[str, dict[str, Any]]:
    """Class name and arguments of the one configuration that a piece of Python builds."""
    try:
        return _arguments(_configurations(ast.parse(text)))
    except (SyntaxError, ValueError) as error:
        raise _refusal(f"config must be JSON or valid Python, got: {_reason(error)}.") from error


def _configurations(tree: ast.AST) -> list[ast.Call]:
    """Calls whose name ends in Config, but not those inside of another one."""
    found: list[ast.Call] = []
    waiting = deque([tree])
    while waiting:
        node = waiting.popleft()
        if isinstance(node, ast.Call) and _name(node.func).endswith("Config"):
            found.append(node)
        else:
            waiting.extend(ast.iter_child_nodes(node))
    return found


def _arguments(calls: list[ast.Call]) -> tuple[str, dict[str, Any]]:
    if len(calls) != 1:
        found = " and ".join(_name(call.func)[:60] for call in calls[:5]) or "none"
        _refuse(f"config must hold one call of a peft configuration, got {found}.")
    call = calls[0]
    name = _name(call.func)
    if call.args:
        _refuse(f"config must give every argument by name, got {_source(call.args[0])} in {name}.")
    options: dict[str, Any] = {}
    for keyword in call.keywords:
        if keyword.arg is None:
            _refuse(f"config must spell its arguments out, got **{_source(keyword.value)}.")
        if keyword.arg in options:
            _refuse(f"config must give {keyword.arg} once; it is repeated.")
        options[keyword.arg] = _literal(keyword.arg, keyword.value)
    return name, options


def _literal(name: str, node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=int() as value) if value.bit_length() > _LARGEST_BITS:
            _refuse(
                f"{name} must be a number of reasonable size, got one of "
                f"{value.bit_length():,} bits."
            )
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)) if (
            not isinstance(value, bool)
        ):
            return -_literal(name, node.operand)
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return [_literal(name, item) for item in items]
        case ast.Dict(keys=keys, values=values):
            pairs = [(key, value) for key, value in zip(keys, values, strict=True) if key]
            if len(pairs) == len(keys):  # no **more
                return {str(_literal(name, k)): _literal(name, v) for k, v in pairs}
        case ast.Attribute(value=ast.Name() | ast.Attribute(), attr=last) if last.isupper():
            return last  # TaskType.SEQ_CLS; args.rank is a variable
    _refuse(f"{name} must be a plain value, got {_source(node)}: nothing is executed here.")


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _source(node: ast.AST) -> str:
    return ast.unparse(node)[:60]


def _reason(error: SyntaxError | ValueError) -> str:
    reason = error.msg if isinstance(error, (SyntaxError, json.JSONDecodeError)) else str(error)
    line = getattr(error, "lineno", None)
    place = f" in line {line}" if line else ""
    return reason.partition("\n")[0].partition("; use sys.")[0][:120].rstrip(".") + place


def _refusal(sentence: str) -> InvalidFieldsError:
    return InvalidFieldsError({"config": sentence})


def _refuse(sentence: str) -> NoReturn:
    raise _refusal(sentence)


# Checking beside the settings that stay


def _valid(current: Mapping[str, object] | None) -> dict[str, Any]:
    try:
        return RunConfig(current).flat() if current else {}
    except InvalidFieldsError:
        return {}  # its form says so already


def _complete(values: Mapping[str, Any], rest: Mapping[str, Any]) -> RunConfig:
    """The values, and of the rest what their method has too; its name is made anew."""
    method = values.get(METHOD.name, rest.get(METHOD.name, METHOD.default))
    of_any = {field.name for field in RUN_FIELDS}
    is_same = method == rest.get(METHOD.name)
    kept = {n: v for n, v in rest.items() if n in of_any or (is_same and n != NAME.name)}
    return RunConfig({**kept, **values})


def _from_flat(values: dict[str, Any], rest: Mapping[str, Any]) -> Imported:
    if not values:
        _refuse("config must hold settings, got an empty object.")
    try:
        config = _complete(values, rest)
    except InvalidFieldsError as error:
        raise _with_origin(error, values) from error
    flat = config.flat()
    if config.name == config.summary:
        values = {name: value for name, value in values.items() if name != NAME.name}
    return Imported({name: flat[name] for name in {METHOD.name: "", **values}})


def _with_origin(error: InvalidFieldsError, said: Mapping[str, Any]) -> InvalidFieldsError:
    """The same problems, saying which fields are not in the text at all."""
    return InvalidFieldsError(
        {
            name: sentence if name in said else f"{name} is not given, and does not fit: {sentence}"
            for name, sentence in error.problems.items()
        }
    )


# From peft's configuration to a row


def _classes() -> dict[str, type[PeftConfig]]:
    """Peft's configuration classes by their PeftType."""
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    return {str(kind.value): found for kind, found in PEFT_TYPE_TO_CONFIG_MAPPING.items()}


def _class_named(name: str) -> type[PeftConfig]:
    for kind, found in _classes().items():
        if found.__name__ == name:
            return _offered(kind, found)
    _refuse(f"config must build the configuration of one of peft's methods, got {name[:60]}.")


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
    """A method, and what it makes of its defaults."""

    method: Method
    config: PeftConfig

    @property
    def named(self) -> set[str]:
        return {field.name for field in self.method.fields}

    def options(self, values: Values, setting: Setting) -> dict[str, Any]:
        """What the method gives to peft with these values."""
        assert self.method.peft_config is not None
        return _options(self.method.peft_config(values, setting))

    def fixed(self) -> dict[str, Any]:
        """Options that make this row what it is, and are not peft's default."""
        usual = _defaults(type(self.config))
        return {
            name: value
            for name, value in _options(self.config).items()
            if name not in self.named | _BOOKKEEPING and value != usual[name]
        }


@lru_cache(maxsize=1)
def _rows_of(_methods: tuple[Method, ...]) -> tuple[_Row, ...]:
    rows = []
    for method in _methods:
        if method.peft_config is not None:
            usual = RunConfig({"method": method.id})
            rows.append(_Row(method, method.peft_config(usual.method_values, usual.setting)))
    return tuple(rows)


def _rows() -> tuple[_Row, ...]:
    return _rows_of(tuple(METHODS.values()))


def _options(config: PeftConfig) -> dict[str, Any]:
    return {field.name: _plain(getattr(config, field.name)) for field in dataclasses.fields(config)}


def _defaults(found: type[PeftConfig]) -> dict[str, Any]:
    """What peft takes for options that are not given."""
    defaults = {}
    for field in dataclasses.fields(found):
        value = field.default
        if value is MISSING:
            value = field.default_factory() if field.default_factory is not MISSING else None
        defaults[field.name] = _plain(value)
    return defaults


def _plain(value: Any) -> Any:
    """A value whose equals are equal: JSON has neither sets, nor tuples, nor enumerations."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()  # half a surrogate is no text
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {_plain(str(key)): _plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(dataclasses.asdict(value))
    return value


def _from_peft(
    found: type[PeftConfig], options: Mapping[str, Any], rest: Mapping[str, Any]
) -> Imported:
    given = _plain(options)
    _check_options(found, given)
    row = _matching(found, given)
    values, notes = _base(given)
    values[METHOD.name] = row.method.id
    taken, more = _field_values(row.method, given, _defaults(found))
    config, unfit = _fitting({**values, **taken}, given, rest)
    flat = config.flat()
    said = {name: flat[name] for name in {**values, **taken} if name not in unfit}
    notes += [*more, *unfit.values(), *_unhonoured(row, config, given), *_beside_head(given)]
    return Imported(said, tuple(notes))


def _check_options(found: type[PeftConfig], given: Mapping[str, Any]) -> None:
    problems = {
        name: f"{shown(name)} is no option of peft's {found.__name__}."
        for name in given
        if name not in _defaults(found)
    }
    own = next(kind for kind, its_class in _classes().items() if its_class is found)
    for name, right in (("peft_type", own), ("task_type", "SEQ_CLS")):
        if given.get(name) not in (None, right):
            problems[name] = f"{name} must be {right}, got {shown(given[name])}."
    if problems:
        raise InvalidFieldsError(problems)


def _matching(found: type[PeftConfig], given: Mapping[str, Any]) -> _Row:
    """The row whose fixed options are the given ones."""
    rows = [row for row in _rows() if type(row.config) is found]
    if len(rows) == 1:
        return rows[0]
    usual = _defaults(found)
    came = {**usual, **{name: value for name, value in given.items() if value is not None}}
    telling = {name for row in rows for name in row.fixed()}
    # First those that fix what is a field of others: head only has no target modules.
    for row in sorted(rows, key=lambda row: len(telling & row.named)):
        fixed = row.fixed()
        if all(came[name] == fixed.get(name, usual[name]) for name in telling - row.named):
            return row
    free = set().union(*(row.named for row in rows))
    known = [
        f"{row.method.label}: {_listed(row.fixed()) or 'none'}"
        for row in rows
        if not free & set(row.fixed())
    ]
    odd = {name: came[name] for name in sorted(telling - free) if came[name] != usual[name]}
    _refuse(f"config must have the options of one method ({'; '.join(known)}), got {_listed(odd)}.")


def _listed(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_cut(value)}" for name, value in options.items())


def _cut(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _field_values(
    method: Method, given: Mapping[str, Any], usual: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Values for the method's fields, those of peft where none is given; notes where neither is."""
    values, notes = {}, []
    for field in method.fields:
        value = given.get(field.name, usual.get(field.name))
        if value is None and usual.get(field.name) is None:
            notes.append(f"{field.name} is not given and peft has no default; ours stays.")
        else:
            values[field.name] = _modules(field, value) if field.kind == "modules" else value
    return values, notes


def _modules(field: Field, value: Any) -> Any:
    if value == "all-linear" and set(MODULES) <= set(field.choices):
        return list(MODULES)
    if isinstance(value, str):
        raise InvalidFieldsError(
            {
                field.name: f"{field.name} must be a list with {field.allowed}, got "
                f"{shown(value)}, which peft takes for a regular expression."
            }
        )
    if not isinstance(value, list):
        return value  # refused by the field's own check
    return [_module(field, str(name)) for name in value]


def _module(field: Field, name: str) -> str:
    """A module by the name that the form has; as in peft, the end of its path is enough."""
    for choice in field.choices:
        path = f"attention.{choice}" if choice in ATTENTION else choice
        if f".{path}".endswith(f".{name}"):
            return choice
    return name  # refused by the field's own check, with the names that there are


def _fitting(
    values: dict[str, Any], given: Mapping[str, Any], rest: Mapping[str, Any]
) -> tuple[RunConfig, dict[str, str]]:
    """The complete configuration, without defaults of peft's that do not fit; notes on these."""
    said = {**given, **{n: v for n, v in values.items() if n in (METHOD.name, "base_model")}}
    unfit: dict[str, str] = {}
    while True:
        try:
            return _complete({n: v for n, v in values.items() if n not in unfit}, rest), unfit
        except InvalidFieldsError as error:
            new = {
                name: f"{name} is not given, and peft's default does not fit; ours stays: "
                f"{sentence}"
                for name, sentence in error.problems.items()
                if name in values and name not in said and name not in unfit
            }
            if not new:
                raise _with_origin(error, said) from error
            unfit |= new


def _base(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    base = given.get("base_model_name_or_path")
    if isinstance(base, str) and base in BASE_MODELS:
        return {"base_model": base}, []
    if base:
        return {}, [f"base_model_name_or_path={_cut(base)} is not one of the bases here."]
    return {}, []


def _unhonoured(row: _Row, config: RunConfig, given: Mapping[str, Any]) -> list[str]:
    """A sentence for each option that will be another, given or changed with the fields."""
    setting, notes = config.setting, []
    ours = row.options(config.method_values, setting)
    elsewhere = row.options(config.method_values, _another(setting))
    start = row.options(RunConfig({"method": row.method.id}).method_values, setting)
    for name, usual in _defaults(type(row.config)).items():
        value = given.get(name, usual)
        is_as_it_was = name not in given and ours[name] == start[name]
        if name in row.named | _BOOKKEEPING or value in (None, ours[name]) or is_as_it_was:
            continue
        if ours[name] != elsewhere[name]:
            notes.append(f"{name}={_cut(value)} is left out: the run's other settings decide it.")
        else:
            notes.append(
                f"{name}={_cut(value)} cannot be honoured here; {_cut(ours[name])} is used."
            )
    return notes


def _another(setting: Setting) -> Setting:
    """One that differs in everything."""
    base = setting.base
    return Setting(
        replace(base, dim=2 * base.dim, n_layers=base.n_layers + 1, n_heads=base.n_heads + 1),
        setting.max_steps + 1,
        setting.max_length + 1,
        setting.seed + 1,
    )


def _beside_head(given: Mapping[str, Any]) -> list[str]:
    names = given.get("modules_to_save") or []
    if not isinstance(names, list):
        names = [names]
    others = sorted({str(name)[:60] for name in names} - _HEADS)
    if not others:
        return []
    return [f"modules_to_save: only the head is trained here, not {shown(others)}."]

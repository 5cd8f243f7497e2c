"""Adapters that were trained elsewhere: unpacked, checked, and tested like any run.

What comes in was made by a stranger. Nothing is unpacked by the archive's own paths, pickle is
not read, and peft gets a configuration without what makes it import modules, open other files or
reach the network.
"""

from __future__ import annotations

import json
import math
import mmap
import re
import stat
import tempfile
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import numpy as np

from peft_demo import (
    adapters,
    bases,
    config_import,
    evaluation,
    hardware,
    reviews,
    statistics,
    training,
)
from peft_demo.errors import InvalidFieldsError, RunCancelledError
from peft_demo.fields import shown
from peft_demo.methods import HEAD_MODULES, METHODS, Method
from peft_demo.runs import (
    BASE_MODELS,
    BUILTIN_BASE,
    HUB_BASE,
    LABELS,
    NAME,
    Progress,
    Reporter,
    RunConfig,
    RunResult,
)
from peft_demo.seeds import borrowed_generators
from peft_demo.shapes import shape_of

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import nn

FIELD = "adapter"
"""The field that every refusal stands at."""

LARGEST = 100_000_000
"""Bytes of both files together, unpacked."""

LARGEST_CONFIG = 1_000_000
"""Bytes of adapter_config.json, and of the names and shapes that begin the weights' file."""

LARGEST_MODEL = 1_000_000_000
"""Bytes of memory that the adapter may need beside its base."""

MOST_ENTRIES = 200
"""Files and folders in what is imported."""

FILES = (adapters.CONFIG, adapters.WEIGHTS)

_DEEPEST = 5
"""Levels of lists and objects in adapter_config.json; peft's own has three."""

_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")
_DIRECTORY_ENTRY = b"PK\x01\x02"
"""Begins every entry of a zip's directory."""

_WANTED = (
    f"a peft adapter's {adapters.CONFIG} and {adapters.WEIGHTS}, side by side at the top or in "
    "one folder"
)

Tensors: TypeAlias = Mapping[str, tuple[int, ...]]
"""The shape of each tensor in the weights' file."""


def unpack(source: Path, scratch: Path) -> Path:
    """Put an adapter's two files into a new folder below ``scratch`` and return that folder.

    Args:
        source: a zip or a folder that has them at its top or in one folder below.
        scratch: a folder of the caller's.

    Raises:
        InvalidFieldsError: they are not there, too large, damaged, pickled or under a path that
            leads elsewhere; says which, at ``adapter``.
    """
    with _entries(source) as entries:
        chosen = _choose(entries)
        folder = Path(tempfile.mkdtemp(prefix="adapter-", dir=scratch))
        for name, entry in chosen.items():
            with (folder / name).open("wb") as file:
                for block in _blocks(entry, LARGEST_CONFIG if name == adapters.CONFIG else LARGEST):
                    file.write(block)
    return folder


def describe(folder: Path, name: str = "") -> RunConfig:
    """What an unpacked adapter is, as the configuration of its run; proven to load and answer.

    Its adapter_config.json is replaced by one that is safe to load. Values that the method's
    fields do not allow take their defaults: they decide a training, and there is none.

    Args:
        folder: from ``unpack``.
        name: how to call the run; the folder's name if it is empty.

    Raises:
        InvalidFieldsError: it cannot be used here; says why, at ``adapter``.
        AssetError: the base model cannot be loaded.
    """
    run_name = NAME.check(name or folder.name)
    config = _read_config(folder / adapters.CONFIG)
    tensors = _read_tensors(folder / adapters.WEIGHTS)
    base_id = _base_of(config, tensors)
    values = _method_values(config)
    safe = _sanitised(config, base_id, str(values["method"]))
    (folder / adapters.CONFIG).write_text(json.dumps(safe, indent=2), encoding="utf-8")
    run = _run_config({**values, "base_model": base_id, "name": run_name})
    _try_out(folder, run, tensors)
    return run


def test(config: RunConfig, folder: Path, reporter: Reporter) -> RunResult:
    """Test the adapter in ``folder`` as a training tests its own, and save its predictions there.

    Its adapter parameters are those that peft would train for its configuration, whatever else
    the file holds (indices, frozen projections).

    Raises:
        PeftDemoError: a file is damaged or the base cannot be loaded.
        RunCancelledError: the reporter said that it should stop.
    """
    started = time.perf_counter()
    _report(reporter, "Loading the adapter")
    base = bases.load(config.base_model)
    reviewed = reviews.draw(reviews.load(config.dataset), config).test
    method = METHODS[config.method]
    model = adapters.load(folder, base, method)
    num_adapter, num_head = _count(folder, base, config)
    token_ids = base.encode(reviewed.texts, config.max_length)["input_ids"]
    probabilities = evaluation.softmax(_logits(model, base, token_ids, method, reporter))
    labels = np.asarray(reviewed.labels, dtype=np.int8)
    predictions = evaluation.Predictions(probabilities.astype(np.float32), labels)
    predictions.save(folder)
    correct = int(predictions.correct.sum())
    weights = folder / adapters.WEIGHTS
    return RunResult(
        train_output={},
        num_adapter_parameters=num_adapter,
        num_head_parameters=num_head,
        num_base_parameters=base.num_parameters(),
        file_bytes=weights.stat().st_size,
        test_accuracy=correct / len(labels),
        test_interval=statistics.wilson_interval(correct, len(labels)),
        test_loss=evaluation.log_loss(probabilities, labels),
        num_test_reviews=len(labels),
        test_set=reviewed.fingerprint,
        reload_difference=0.0,
        saved_as=training.number_type(weights),
        precision=hardware.prediction_precision(),
        environment=training.environment(),
        seconds=time.perf_counter() - started,
        training_table=[],
    )


# From here on: unpacking.


@dataclass(frozen=True)
class _Entry:
    """A file in a zip or folder."""

    path: PurePosixPath
    size: int
    """Bytes, as the directory says; it can lie."""
    open: Callable[[], IO[bytes]]


@contextmanager
def _entries(source: Path) -> Iterator[list[_Entry]]:
    """The files of a zip or folder."""
    if source.is_dir():
        yield list(_folder_entries(source))
        return
    _refuse_crowded(source)
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _refusal(f"must be a zip with {_WANTED}, got {_cause(error)}.") from error
    with archive:
        yield list(_zip_entries(archive))


def _refuse_crowded(source: Path) -> None:
    """Refuse a zip by the length of its directory before zipfile makes an object of each entry."""
    try:
        with (
            source.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            number, position = 0, data.find(_DIRECTORY_ENTRY)
            while position >= 0 and number <= MOST_ENTRIES:
                number, position = number + 1, data.find(_DIRECTORY_ENTRY, position + 1)
    except (OSError, ValueError) as error:  # an empty file cannot be mapped
        raise _refusal(
            f"must be a zip with {_WANTED}, got {shown(source.name)}, which is empty or cannot "
            "be read."
        ) from error
    _check_number(number)


def _zip_entries(archive: zipfile.ZipFile) -> Iterator[_Entry]:
    infos = archive.infolist()
    _check_number(len(infos))
    for info in infos:
        path = _checked_path(info.orig_filename)
        if stat.S_ISLNK(info.external_attr >> 16):
            raise _refusal(f"must not hold links, got {shown(str(path))}.")
        if info.flag_bits & 0x1:
            raise _refusal(f"must be a zip without a password, got {shown(str(path))} encrypted.")
        # The others unpack without a limit: a few kilobytes of bzip2 can become gigabytes.
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refusal(
                "must be a zip that is stored or deflated, as usual, got "
                f"{shown(str(path))} packed in another way."
            )
        if not info.is_dir():
            yield _Entry(path, info.file_size, partial(archive.open, info))


def _folder_entries(folder: Path) -> Iterator[_Entry]:
    """The files in a folder and in the folders right below it."""
    try:
        paths = list(islice(folder.iterdir(), MOST_ENTRIES + 1))
        below = (inner for path in paths if _is_folder(path) for inner in path.iterdir())
        paths += islice(below, MOST_ENTRIES + 1)
        _check_number(len(paths))
        for path in paths:
            inside = PurePosixPath(path.relative_to(folder).as_posix())
            status = path.lstat()
            if path.name in FILES and not stat.S_ISREG(status.st_mode):
                raise _refusal(f"must hold plain files, no links, got {shown(str(inside))}.")
            if stat.S_ISREG(status.st_mode):
                yield _Entry(inside, status.st_size, partial(_open, path))
    except OSError as error:
        raise _refusal(f"must be a folder that can be read, got {_cause(error)}.") from error


def _open(path: Path) -> IO[bytes]:
    return path.open("rb")


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _check_number(number: int) -> None:
    if number > MOST_ENTRIES:
        raise _refusal(f"must hold at most {MOST_ENTRIES} files and folders, got more.")


def _checked_path(name: str) -> PurePosixPath:
    """A name in an archive as a path, refused if it leads out of the archive."""
    windows = PureWindowsPath(name)
    if windows.is_absolute() or windows.drive or windows.root or ".." in windows.parts:
        raise _refusal(f"must hold paths that stay inside it, got {shown(name)}.")
    if "\0" in name:
        raise _refusal(f"must hold plain file names, got {shown(name)}.")
    return PurePosixPath(windows.as_posix())


def _choose(entries: list[_Entry]) -> dict[str, _Entry]:
    """The two files among all, by their names."""
    for entry in entries:
        if entry.path.suffix.lower() in _PICKLES:
            raise _refusal(
                "must hold weights as safetensors, because loading a pickle runs code, got "
                f"{shown(str(entry.path))}. Save it again with safe_serialization=True, or leave "
                "that file out."
            )
    found = [entry for entry in entries if entry.path.name in FILES and len(entry.path.parts) <= 2]
    chosen = {entry.path.name: entry for entry in found}
    if len(found) > len(chosen) or len({entry.path.parent for entry in found}) > 1:
        listed = ", ".join(sorted(str(entry.path) for entry in found[:4]))
        raise _refusal(f"must be one adapter, {_WANTED}, got {listed}.")
    for name in FILES:
        if name not in chosen:
            listed = ", ".join(sorted(str(entry.path) for entry in entries[:4])) or "nothing"
            raise _refusal(f"must have {name}: it is {_WANTED}; got {listed}.")
    _check_size(chosen[adapters.CONFIG].size, LARGEST_CONFIG, adapters.CONFIG)
    _check_size(sum(entry.size for entry in chosen.values()), LARGEST, "both files together")
    return {name: chosen[name] for name in FILES}


def _check_size(size: int, limit: int, what: str) -> None:
    if size > limit:
        raise _refusal(
            f"must be at most {limit / 1e6:g} MB unpacked ({what}), got {size / 1e6:,.1f} MB."
        )


def _blocks(entry: _Entry, limit: int) -> Iterator[bytes]:
    """What a file really holds, never more than ``limit`` bytes of it."""
    size = 0
    try:
        with entry.open() as file:
            while block := file.read(min(1 << 20, limit + 1 - size)):
                size += len(block)
                _check_size(size, limit, entry.path.name)
                yield block
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        raise _refusal(
            f"must be an undamaged zip, got {shown(str(entry.path))} that cannot be unpacked "
            f"({_cause(error)})."
        ) from error
    if size != entry.size:
        raise _refusal(
            f"must be an undamaged zip, got {shown(str(entry.path))} with {size:,} bytes where "
            f"its directory says {entry.size:,}."
        )


# From here on: what the adapter is.


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _refusal(f"must have an {path.name} in JSON, got one that is damaged.") from error
    if _is_deep(config, _DEEPEST):
        raise _refusal(f"must have an {path.name} without values in values in values, got one.")
    if not isinstance(config, dict) or not isinstance(config.get("peft_type"), str):
        raise _refusal(f"must have an {path.name} with a peft_type, got one without.")
    if config.get("task_type") != "SEQ_CLS":
        raise _refusal(
            "must be for the task_type SEQ_CLS (classifying texts), got "
            f"{shown(config.get('task_type'))}."
        )
    return config


def _is_deep(value: object, levels: int) -> bool:
    """Whether a value is nested more deeply; whoever walks it would run out of stack."""
    if not isinstance(value, (list, dict)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deep(item, levels - 1) for item in inner)


def _read_tensors(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes in a safetensors file, whose header the library checks against the file."""
    from safetensors import SafetensorError, safe_open

    try:
        with path.open("rb") as file:
            _check_size(int.from_bytes(file.read(8), "little"), LARGEST_CONFIG, "its header")
        with safe_open(path, framework="np") as opened:
            return {
                name: tuple(opened.get_slice(name).get_shape())
                for name in opened.keys()  # noqa: SIM118
            }
    except (OSError, ValueError, SafetensorError) as error:
        raise _refusal(
            f"must have an {path.name} that is complete, got one that is damaged ({_cause(error)})."
        ) from error


def _base_of(config: Mapping[str, Any], tensors: Tensors) -> str:
    """The base that the adapter names, or the one that fits where it names a folder instead."""
    came = str(config.get("base_model_name_or_path") or "")
    width = _head_width(tensors)
    named = [base_id for base_id in BASE_MODELS if _last_part(base_id) == _last_part(came)]
    # The Hub has DistilBERTs of the usual width with other weights; export-base writes the
    # built-in one into folders of any name.
    is_path = re.match(r"[./\\~]|[A-Za-z]:", came) is not None
    possible = named or [base for base in BASE_MODELS if is_path or base == BUILTIN_BASE]
    for base_id in possible:
        if shape_of(base_id).dim == width:
            return base_id
    known = ", ".join(f"{base_id} ({shape_of(base_id).dim} wide)" for base_id in BASE_MODELS)
    raise _refusal(
        f"must be for one of the base models here, {known}, got one for {shown(came)} with a head "
        f"that is {width} wide."
    )


def _last_part(name: str) -> str:
    return PureWindowsPath(name).name


def _head_width(tensors: Tensors) -> int:
    """The width of the base that the head was trained on, once the head is known to be there."""
    for part in HEAD_MODULES:
        for kind in ("weight", "bias"):
            if not _of_head(tensors, part, kind):
                listed = ", ".join(HEAD_MODULES)
                raise _refusal(
                    f"must have a trained head, all of {listed}, got no {part}.{kind} in "
                    f"{adapters.WEIGHTS}: train it with modules_to_save={list(HEAD_MODULES)}."
                )
    first, last = (_of_head(tensors, part, "weight") for part in HEAD_MODULES)
    if len(last) != 2 or last[0] != len(LABELS):
        raise _refusal(
            f"must have a head for {len(LABELS)} labels (0 negative, 1 positive), got one of shape "
            f"{shown(last)}."
        )
    if first != (last[1], last[1]):
        raise _refusal(
            f"must have a {HEAD_MODULES[0]} as wide as its {HEAD_MODULES[1]} ({last[1]}), got one "
            f"of shape {shown(first)}."
        )
    return last[1]


def _of_head(tensors: Tensors, part: str, kind: str) -> tuple[int, ...]:
    """The shape of one of the head's tensors; empty if it is not there."""
    return next((s for name, s in tensors.items() if name.endswith(f".{part}.{kind}")), ())


def _method_values(config: Mapping[str, Any]) -> dict[str, Any]:
    """The method and its settings, without those that its fields do not allow."""
    try:
        return dict(config_import.read(json.dumps(config)).values)
    except InvalidFieldsError as error:
        kept = {key: value for key, value in config.items() if key not in error.problems}
        if len(kept) == len(config):
            # How its training began makes no method of its own: "gaussian", "orthogonal".
            kept = {key: value for key, value in config.items() if not _is_start(key, value)}
        if len(kept) == len(config) or "peft_type" in error.problems:
            raise _refusal(f"cannot be used: {error}") from error
        return _method_values(kept)


def _is_start(key: str, value: object) -> bool:
    return key.startswith("init_") and isinstance(value, str)


def _run_config(values: Mapping[str, Any]) -> RunConfig:
    """The run's configuration, without the settings that the method does not allow."""
    try:
        return RunConfig(values)
    except InvalidFieldsError as error:
        kept = {key: value for key, value in values.items() if key not in error.problems}
        if len(kept) == len(values):
            raise _refusal(f"cannot be used: {error}") from error
        return _run_config(kept)


# From here on: what peft may see of its configuration.

_NEUTRALISED = frozenset(
    {
        # AutoPeftModel and LoRA's layers import the modules that these name.
        "auto_mapping",
        "megatron_config",
        "megatron_core",
        # What the training began with; peft would get a tokenizer, or open a file, for it.
        "prompt_tuning_init",
        "prompt_tuning_init_text",
        "prompt_tuning_init_state_dict_path",
        "tokenizer_name_or_path",
        "tokenizer_kwargs",
        "corda_config",
        "eva_config",
        "loftq_config",
        "lora_ga_config",
        # Of the base on the Hub.
        "revision",
        # Refused by peft outside a running program.
        "runtime_config",
    }
)
"""Left out of what peft reads; none of them matters for a trained adapter."""

_PATTERN = re.compile(r"[\w@.*+|()\[\]^$\\-]{0,200}")
_MOST_REPEATS = 3
_MOST_ITEMS = 1_000
_LARGEST_NUMBER = 10_000
_ANY_NUMBER = re.compile("seed|key|step")
"""Names of numbers that do not size anything."""


def _sanitised(config: Mapping[str, Any], base_id: str, method_id: str) -> dict[str, Any]:
    """The configuration with nothing in it that peft could be harmed by.

    Raises:
        InvalidFieldsError: a number or pattern would take too much memory or time.
    """
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    known = {field.name for field in fields(PEFT_TYPE_TO_CONFIG_MAPPING[config["peft_type"]])}
    kept = {name: config[name] for name in config if name in known - _NEUTRALISED}
    largest = {
        field.name: 10 * int(field.maximum or _LARGEST_NUMBER)
        for field in METHODS[method_id].fields
        if field.kind == "integer"
    }
    for name, value in kept.items():
        if name != "base_model_name_or_path" and not _ANY_NUMBER.search(name):
            _check_value(name, value, largest.get(name, _LARGEST_NUMBER))
    return {**kept, "base_model_name_or_path": base_id, "inference_mode": True}


def _check_value(name: str, value: object, largest: int) -> None:
    """Refuse what peft could choke on: huge numbers, long lists, patterns that never end."""
    if isinstance(value, int) and abs(value) > largest:
        raise _refusal(f"must have {name} of at most {largest:,}, got {shown(value)}.")
    if isinstance(value, str) and not _is_harmless(value):
        raise _refusal(
            f"must have {name} made of names and simple patterns (at most {_MOST_REPEATS} of * "
            f"and +, none after a bracket), got {shown(value)}."
        )
    if isinstance(value, (list, dict)):
        if len(value) > _MOST_ITEMS:
            raise _refusal(f"must have {name} with at most {_MOST_ITEMS:,} items, got more.")
        for item in value:
            _check_value(name, item, largest)
    if isinstance(value, dict):
        for item in value.values():
            _check_value(name, item, largest)


def _is_harmless(pattern: str) -> bool:
    """Whether a text may be used as a regular expression without running for ever."""
    return (
        _PATTERN.fullmatch(pattern) is not None
        and sum(map(pattern.count, "*+")) <= _MOST_REPEATS
        and not re.search(r"\)[*+]", pattern)
    )


# From here on: whether it works.

_TEXT = "It begins slowly, but what an ending!"
_SAME = 1e-4
"""Largest difference of a logit that counts as the same."""

_one_trial = threading.Lock()
"""torch's checks of sparse tensors are switched on and off for the whole process."""


def _try_out(folder: Path, run: RunConfig, tensors: Tensors) -> None:
    """Load the adapter twice onto copies of the base, and refuse it if anything is amiss."""
    import torch

    if run.base_model == HUB_BASE and bases.default_base() != HUB_BASE:
        raise _refusal(
            f"is for the base {HUB_BASE}, which must be on this machine already: train a run on "
            "it first, or name its folder in PEFT_DEMO_DISTILBERT_FOLDER."
        )
    base = bases.load(run.base_model)
    _refuse_giant(folder, base)
    # Unchecked, torch would follow a sparse tensor's indices out of its memory.
    with _one_trial, torch.sparse.check_sparse_tensor_invariants(), borrowed_generators():
        first, second = (_answer(folder, base, run, tensors, seed) for seed in (1, 2))
    if not np.isfinite(first).all():
        raise _refusal("must give finite logits, got some that are no numbers.")
    if np.abs(first - second).max() > _SAME:
        raise _refusal(
            "must give the same logits whenever it is loaded, got others the second time: it draws "
            "at random, or needs a draw of its training that is not in its files."
        )


def _answer(
    folder: Path, base: bases.Base, run: RunConfig, tensors: Tensors, seed: int
) -> npt.NDArray[Any]:
    """The adapter's logits on a copy of the base that it must leave as it was."""
    import torch
    from peft import PeftModel, get_peft_model_state_dict

    torch.manual_seed(seed)
    copy = bases.Base(base.id, base.private(), base.tokenizer)
    try:
        model = adapters.load(folder, copy, METHODS[run.method], by_peft=True)
        answer = adapters.logits(model, copy, base.encode([_TEXT], run.max_length)["input_ids"])
    except Exception as error:  # peft and torch each raise their own
        raise _refusal(
            f"must load onto the base {base.id} and predict with it, got: "
            f"{_cause(error.__cause__ or error)}."
        ) from error
    if isinstance(model, PeftModel):
        used = get_peft_model_state_dict(model, save_embedding_layers=False)
        if unused := sorted(set(tensors) - set(used)):
            raise _refusal(f"must hold tensors of its own modules only, got {shown(unused[0])}.")
    if copy.checksum() != base.checksum():
        raise _refusal(
            "must leave the base's own weights as they are, because all adapters share them, got "
            'one that changes them, by a bias other than "none" or by how its training began.'
        )
    return answer


def _refuse_giant(folder: Path, base: bases.Base) -> None:
    """Refuse an adapter by the memory it would take, found without taking it."""
    import torch

    with torch.device("meta"), borrowed_generators():
        model = type(base.model)(base.model.config)
        try:
            model = _untrained(model, folder)
        except Exception:
            # Some methods look at weights to begin, and meta tensors have none. What else is
            # wrong, loading says.
            return
    size = sum(tensor.nbytes for tensor in (*model.parameters(), *model.buffers()))
    own = sum(tensor.nbytes for tensor in base.model.parameters())
    if size - own > LARGEST_MODEL:
        raise _refusal(
            f"must need at most {LARGEST_MODEL / 1e9:g} GB of memory, got one that needs "
            f"{(size - own) / 1e9:,.1f} GB."
        )


def _untrained(model: nn.Module, folder: Path) -> nn.Module:
    """The model as peft would begin to train it with the adapter's configuration."""
    from peft import PeftConfig, get_peft_model

    config = PeftConfig.from_pretrained(str(folder))
    config.inference_mode = False
    for name in HEAD_MODULES:
        model.get_submodule(name).requires_grad_(True)
    return get_peft_model(model, config)


def _count(folder: Path, base: bases.Base, config: RunConfig) -> tuple[int, int]:
    with borrowed_generators():
        is_private = METHODS[config.method].writes_to_base
        model = base.private() if is_private else base.shared()
        return adapters.count_trained(_untrained(model, folder))


def _logits(
    model: nn.Module,
    base: bases.Base,
    token_ids: list[list[int]],
    method: Method,
    reporter: Reporter,
) -> npt.NDArray[Any]:
    """Logits of all texts, shape (texts, labels), reported batch by batch."""
    batch = training.EVALUATION_BATCH
    steps = math.ceil(len(token_ids) / batch)
    found = np.empty((len(token_ids), len(LABELS)), dtype=np.float32)
    started = time.perf_counter()
    _report(reporter, "Testing", step=0, max_steps=steps)
    for step, (rows, some) in enumerate(
        adapters.logits_in_batches(model, base, token_ids, method, batch), start=1
    ):
        found[rows] = some
        elapsed = time.perf_counter() - started
        _report(
            reporter,
            "Testing",
            step=step,
            max_steps=steps,
            samples_per_second=step * batch / elapsed,
            seconds_left=(steps - step) * elapsed / step,
        )
    return found


def _report(reporter: Reporter, phase: str, **more: Any) -> None:
    """Say what happens now, and stop here if asked to."""
    if reporter.should_stop():
        raise RunCancelledError
    reporter.progress(Progress(phase=phase, **more))


def _refusal(sentence: str) -> InvalidFieldsError:
    return InvalidFieldsError({FIELD: f"{FIELD} {sentence}"})


def _cause(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:300].rstrip(".")

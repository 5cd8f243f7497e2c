"""Which modules of a base are meant by the names that people have for them.

As in peft, the end of a module's path is enough: ``lin1``, ``attention.q_lin``, a full path with
the number of a block. Names of other families mean the modules that do the same here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from peft_demo.models.architecture import Architecture
from peft_demo.models.conventions import CONVENTIONS, Convention
from peft_demo.models.families import ARCHITECTURES

MOST_NAMES = 1_000
"""That are looked up at once: a network has far fewer modules."""

LONGEST_NAME = 300
"""Characters of a name, or of a regular expression."""

_SECONDS = 1.0
"""For a regular expression to be matched against all paths: hostile ones take for ever."""

_PATTERN = re.compile(r"[*+?|^$\\]")
"""What no name has, and a regular expression hardly goes without."""

_IN_BLOCK = re.compile(r"(?:.*?\.)??(\d+)\.(.+)")


@dataclass(frozen=True)
class Named:
    """What some names mean on a base."""

    modules: tuple[str, ...]
    """By the names that its family has here, in its order."""
    blocks: tuple[int, ...] = ()
    """The blocks that are meant; empty for all."""
    became: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Each name that is another family's, or a pattern, with what it stands for."""
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What else has a path that ends as such a name does."""
    unknown: tuple[str, ...] = ()
    """Names that mean nothing."""


def listed(value: object) -> list[str] | None:
    """The single names in a list or a text: parted by commas, JSON, Python; None if it is neither.

    A regular expression is a name by itself.
    """
    if isinstance(value, str):
        text = value.strip()
        if re.fullmatch(r"[\w.\s]+(\|[\w.\s]+)+", text):
            return [part.strip() for part in text.split("|")]
        if is_pattern(text):
            return [text]
        return [*dict.fromkeys(re.findall(r"[^\s,;\[\](){}'\"`]+", text))]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [str(item).strip() for item in value]
    return None


def is_pattern(text: str) -> bool:
    """Whether a text is a regular expression and no name."""
    return _PATTERN.search(text) is not None


def named(names: Sequence[str], architecture: Architecture, n_layers: int | None = None) -> Named:
    """What the names mean.

    Args:
        names: from ``listed``.
        architecture: the base's family.
        n_layers: the base's blocks; None where names may not tell blocks apart.

    Raises:
        ValueError: the blocks do not all have the same modules; says which have what.
    """
    if all(name in architecture.modules for name in names) and not any(
        set(architecture.also_ends_with(name)) - {*names} for name in names
    ):  # nearly always, and quickly read
        return Named(tuple(module for module in architecture.modules if module in names))
    found: dict[str, set[int | None]] = {}
    told: dict[str, _Meant] = {}
    known = [name for name in names[:MOST_NAMES] if len(name) <= LONGEST_NAME]
    unknown = [name for name in names if name not in known] if len(known) < len(names) else []
    for name, meant in zip(known, _meanings(known, architecture, n_layers), strict=True):
        if not meant.modules or any(number >= (n_layers or 0) for number in meant.blocks):
            unknown.append(name)
            continue
        for module in meant.modules:
            found.setdefault(module, set()).update(meant.blocks or (None,))
        told[name] = meant
    modules = tuple(module for module in architecture.modules if module in found)
    blocks = _common_blocks({module: found[module] for module in modules}, n_layers or 0)
    return Named(
        modules,
        blocks,
        {name: meant.modules for name, meant in told.items() if not meant.is_own},
        {name: left for name, meant in told.items() if (left := _left(meant.also, modules))},
        tuple(unknown),
    )


def _left(modules: tuple[str, ...], found: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(module for module in modules if module not in found)


@dataclass(frozen=True)
class NamesOf:
    """Reads the names that somebody has for modules as those of a family."""

    architecture: Architecture

    def __call__(self, value: object) -> object:
        """The modules that are meant; the value's own names if one of them means nothing."""
        names = listed(value)
        if names is None:
            return value
        found = named(names, self.architecture)
        return tuple(names) if found.unknown else found.modules


def own_name(name: str, architecture: Architecture) -> str | None:
    """The module that a name of the family itself means; None for other names, and for several."""
    found = _ends_with(name, architecture)
    return found[0] if len(found) == 1 else None


def _ends_with(name: str, architecture: Architecture) -> tuple[str, ...]:
    """The modules whose path ends with a name; a module's own name means it alone."""
    if name in architecture.modules:
        return (name,)
    return tuple(
        module
        for module in architecture.modules
        if f".{architecture.within}{architecture.path(module)}".endswith(f".{name}")
    )


@dataclass(frozen=True)
class _Meant:
    """What one name stands for."""

    modules: tuple[str, ...]
    blocks: tuple[int, ...] = ()
    is_own: bool = True
    also: tuple[str, ...] = ()


def _meanings(
    names: Sequence[str], architecture: Architecture, n_layers: int | None
) -> list[_Meant]:
    """One for each name; names of others are read by one convention if it knows them all."""
    own = [_own(name, architecture) for name in names]
    others = [name for name, meant in zip(names, own, strict=True) if not meant]
    plain = [name for name in others if not is_pattern(name)]
    conventions = _conventions(architecture)
    common = [row for row in conventions if plain and all(_by(row, name) for name in plain)]
    order = [*common[:1], *conventions]
    containers = {architecture.path(module).partition(".")[0] for module in architecture.linear}

    def foreign(name: str) -> _Meant:
        if is_pattern(name):
            return _matched(name, architecture, n_layers or 0)
        if name in containers and not common:
            return _Meant(())  # the base's own name for several, which peft does not take
        for row in order:
            found = _by(row, name)
            if found:
                modules = _of_roles(found[0], architecture)
                ending = _of_roles(_ending(row, name), architecture)
                also = tuple(module for module in ending if module not in modules)
                return _Meant(modules, found[1], is_own=False, also=also)
        return _Meant(())

    return [meant or foreign(name) for name, meant in zip(names, own, strict=True)]


def _is_all(name: str) -> bool:
    return re.fullmatch(r"all[-_ ]?linear", name, re.IGNORECASE) is not None


def _own(name: str, architecture: Architecture) -> _Meant | None:
    if _is_all(name):
        return _Meant(architecture.linear)
    modules = _ends_with(name, architecture)
    if modules:
        also = architecture.also_ends_with(name) if name in architecture.modules else ()
        return _Meant(modules, also=also)
    numbered = _IN_BLOCK.fullmatch(name)
    modules = _ends_with(numbered[2], architecture) if numbered else ()
    return _Meant(modules, (_block(numbered[1]),)) if numbered and modules else None


def _block(digits: str) -> int:
    return int(digits[:9])


@lru_cache(maxsize=16)
def _conventions(architecture: Architecture) -> tuple[Convention, ...]:
    """Those of the other families here, and those from elsewhere."""
    others = (row for row in ARCHITECTURES.values() if row.model_type != architecture.model_type)
    return (*map(_convention, others), *CONVENTIONS)


def _convention(row: Architecture) -> Convention:
    paths = {f"{row.within}{row.path(module)}": roles for module, roles in row.roles.items()}
    return Convention(row.label, row.block_path, paths)


def _by(row: Convention, name: str) -> tuple[tuple[str, ...], tuple[int, ...]] | None:
    """The roles and the blocks that a name has in a convention; None if it has none."""
    roles = _roles(row, name)
    if roles:
        return roles, ()
    numbered = _IN_BLOCK.fullmatch(name)
    roles = _roles(row, numbered[2]) if numbered else ()
    return (roles, (_block(numbered[1]),)) if numbered and roles else None


def _roles(row: Convention, name: str) -> tuple[str, ...]:
    # A whole path means itself, although others may end as it does: BERT's "output.dense".
    return row.paths.get(name) or _ending(row, name)


def _ending(row: Convention, name: str) -> tuple[str, ...]:
    """The roles of all paths that end with a name."""
    ending = [roles for path, roles in row.paths.items() if path.endswith(f".{name}")]
    return tuple(role for roles in ending for role in roles)


def _of_roles(roles: Iterable[str], architecture: Architecture) -> tuple[str, ...]:
    modules = {getattr(architecture, role) for role in roles}  # a role may have none: ""
    return tuple(module for module in architecture.modules if module in modules)


def _common_blocks(found: Mapping[str, set[int | None]], n_layers: int) -> tuple[int, ...]:
    """The blocks that all modules have; empty for all blocks."""
    every = {*range(n_layers)}
    blocks = {
        module: every if None in numbers else {n for n in numbers if n is not None}
        for module, numbers in found.items()
    }
    if len({frozenset(numbers) for numbers in blocks.values()}) > 1:
        told = "; ".join(
            f"{module} in {', '.join(map(str, sorted(numbers)))}"
            for module, numbers in blocks.items()
        )
        raise ValueError(f"the same modules in every block that has some, got {told}")
    common = next(iter(blocks.values()), every)
    return () if common == every else tuple(sorted(common))


# Regular expressions


def _matched(pattern: str, architecture: Architecture, n_layers: int) -> _Meant:
    """What a pattern finds among the base's own paths, or else among those of other families."""
    own = _convention(architecture)
    end = time.monotonic() + _SECONDS
    for row in (own, *_conventions(architecture)):
        hits = _hits(pattern, row, n_layers, end)
        if hits is None:
            break
        if hits:
            return _from_hits(hits, architecture, n_layers)
    return _Meant(())


def _from_hits(hits: Mapping[int, set[str]], architecture: Architecture, n_layers: int) -> _Meant:
    if len({frozenset(roles) for roles in hits.values()}) > 1:
        told = "; ".join(
            f"{', '.join(_of_roles(roles, architecture))} in {number}"
            for number, roles in hits.items()
        )
        raise ValueError(f"the same modules in every block that has some, got {told}")
    modules = _of_roles(next(iter(hits.values())), architecture)
    blocks = () if len(hits) == n_layers else tuple(sorted(hits))
    return _Meant(modules, blocks, is_own=False)


def _hits(pattern: str, row: Convention, n_layers: int, end: float) -> dict[int, set[str]] | None:
    """The roles that a pattern finds in each block, as peft matches: the whole path.

    None if it is no regular expression, or one that takes too long.
    """
    import regex  # it has a time limit

    found: dict[int, set[str]] = {}
    try:
        compiled = regex.compile(pattern)
        for number in range(n_layers):
            for path, roles in row.paths.items():
                if "norm" in roles[0]:
                    continue  # patterns are for layers, and ".*" is not meant to reach these
                left = end - time.monotonic()
                if left <= 0:
                    return None
                if compiled.fullmatch(f"{row.blocks}{number}.{path}", timeout=left):
                    found.setdefault(number, set()).update(roles)
    except (regex.error, TimeoutError, RecursionError, OverflowError, MemoryError, ValueError):
        return None
    return found

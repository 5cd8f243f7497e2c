"""Sentences that are written in English wherever they come up, and translated where they are shown.

Whoever raises an error, or notes what became of a setting, may work in the background, or write
into the store. So nothing marks these texts: they are what the rooms below the page say in words.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOMS = (
    "adapters",
    "comparison",
    "data",
    "execution",
    "fields",
    "inference",
    "methods",
    "models",
    "runs",
    "storage",
    "training",
    "ui",
)

ELSEWHERE = {
    "comparison/words.py",
    "data/dataset.py",
    "data/registry.py",
    "execution/train_references.py",
    "methods/unsupported.py",
    "models/conventions.py",
    "models/hardware.py",
    "runs/presets.py",
    "storage/doctor.py",
    "training/tune.py",
    "ui/browser_code.py",
    "ui/gate.py",
    "ui/pages/review.py",
    "ui/server.py",
}
"""What they say is read at a terminal, in the log or by programs, or is in tables or examples."""

_PLACE = re.compile(r"%\(\w+\)s")

_CODE = re.compile(r"[\n<>\\!?]|SELECT|SET|INTO|FROM|\{ |\{$|\w\([a-z']+[,']|\[\w|\w\.txt")

_OTHER = re.compile(r"PiSSA|A Rank|An alpha|not shown$|… … is left|; use|finish|os error")
"""What papers are called, rows that functions make, and what no visitor comes to see."""

_MARKS = ("_", "gettext", "gettext_noop", "ngettext", "compile")
"""On the page; below it, what is marked may be in the background's English all the same."""


def sentences(package: Path) -> Iterator[tuple[str, str]]:
    """Each with the file that it stands in."""
    for path in sorted([*package.glob("packaged_files.py"), *package.glob("*/**/*.py")]):
        where = path.relative_to(package)
        if where.parts[0] in (*ROOMS, "packaged_files.py") and where.as_posix() not in ELSEWHERE:
            for text in _texts(ast.parse(path.read_text(encoding="utf-8")), where.parts[0] == "ui"):
                yield where.as_posix(), text


def _texts(node: ast.AST, is_page: bool) -> Iterator[str]:
    """Those below a node, without docstrings, rows of tables, the log's, and those marked."""
    if isinstance(node, ast.JoinedStr | ast.Constant):
        if _is_said(text := _written(node)):
            yield text
    elif not (isinstance(node, ast.Call) and _is_no_sentence(node.func, is_page)):
        for child in ast.iter_child_nodes(node):
            if not (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
                yield from _texts(child, is_page)


def _is_no_sentence(function: ast.expr, is_page: bool) -> bool:
    name = getattr(function, "id", getattr(function, "attr", ""))
    is_row = name[:1].isupper() and not name.endswith(("Error", "Field"))
    return is_row or (name in _MARKS and is_page) or ast.unparse(function).startswith("logger.")


def _is_said(text: str) -> bool:
    bare = _PLACE.sub("…", text)
    words = re.findall(r"(?<![\w./_])[a-z]{2,}(?![\w_/(.]\w)", bare)
    return (
        len(words) > 1 and " " in bare.strip() and not _CODE.search(bare) and not _OTHER.match(bare)
    )


def _written(node: ast.JoinedStr | ast.Constant) -> str:
    """A text whose places have names."""
    if isinstance(node, ast.Constant):
        parts = str(node.value).split("{}") if isinstance(node.value, str) else [""]
        names = ["value"] * (len(parts) - 1)
    else:
        parts, names = [""], []
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                parts.append("")
                names.append(_name(value.value))
            else:
                parts[-1] += str(getattr(value, "value", ""))
    if not names:
        return parts[0]
    unique = [
        f"{name}_{names[:number].count(name) + 1}" if name in names[:number] else name
        for number, name in enumerate(names)
    ]
    texts = [part.replace("%", "%%") for part in parts]
    return texts[0] + "".join(
        f"%({name})s{text}" for name, text in zip(unique, texts[1:], strict=True)
    )


def _name(value: ast.expr) -> str:
    found = getattr(value, "id", getattr(value, "attr", "value"))
    return found.strip("_").lower()

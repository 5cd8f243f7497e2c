"""How the package is laid out: its rooms, and who imports whom, from the source."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "peft_demo"


def layers() -> list[list[str]]:
    """The rows of the contract in pyproject.toml, from the top: rooms side by side in each."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (contract,) = (each for each in contracts["contracts"] if each["type"] == "layers")
    return [[room.strip() for room in row.split("|")] for row in contract["layers"]]


def rooms() -> list[str]:
    """All rooms, those that others build on first."""
    return [room for row in reversed(layers()) for room in row if room != "__main__"]


def sentence(room: str) -> str:
    """The first sentence of a room's own docstring."""
    folder = PACKAGE / room
    path = folder / "__init__.py" if folder.is_dir() else PACKAGE / f"{room}.py"
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return docstring.partition("\n\n")[0].replace("\n", " ").replace("``", "`")


def imports() -> dict[str, set[str]]:
    """Which rooms each room imports from, wherever in a file the import stands."""
    found: dict[str, set[str]] = {room: set() for room in rooms()}
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room in found:
            found[room] |= set(_imported(path)) & set(found) - {room}
    return found


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "peft_demo":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("peft_demo."):
            yield str(node.module).split(".")[1]


def rooms_table() -> str:
    """A line a room: what it is, from its docstring."""
    rows = [f"| `{room}` | {sentence(room)} |" for room in rooms()]
    return "\n".join(["| room | what it is |", "|---|---|", *rows])


def drawing() -> str:
    """Every room, and an arrow for each import that no chain of others implies."""
    known = imports()
    below: dict[str, set[str]] = {}
    lines = ["```mermaid", "flowchart TD"]
    for room in rooms():  # each after those that it may import from
        implied = {far for near in known[room] for far in below.get(near, ())}
        below[room] = known[room] | implied
        arrows = [f"  {room} --> {other}" for other in sorted(known[room] - implied)]
        lines += arrows or [f"  {room}"]
    return "\n".join([*lines, "```"])

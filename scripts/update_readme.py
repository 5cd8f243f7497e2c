"""Write what is generated in README.md and docs/; ``--check`` says if it is stale."""

import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from generated import diffs, house, lab, lists, schema, tables  # noqa: E402

GENERATED: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {
        "references": tables.references,
        "workers": tables.workers,
        "soak": tables.soak,
    },
    "docs/adding.md": {
        "method": diffs.method,
        "data set": diffs.data_set,
        "base": diffs.base,
        "executor": diffs.executor,
        "page": diffs.page,
    },
    "docs/api.md": {"endpoints": lists.endpoints},
    "docs/architecture.md": {"rooms": house.rooms_table, "drawing": house.drawing},
    "docs/command-line.md": {"commands": lists.commands},
    "docs/methods.md": {"methods": tables.methods, "unsupported": tables.unsupported},
    "docs/models-and-data.md": {"capabilities": lab.asked},
    "docs/settings.md": {"settings": lists.settings},
    "docs/speed.md": {
        "speed": tables.speed,
        "together": tables.together,
        "lab": lab.speed,
    },
    "docs/storage.md": {"schema": schema.schema},
}
"""Of each page, what stands between which comments."""


def updated(page: str) -> str:
    """A page's text with its generated parts as they are now."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for name, make in GENERATED[page].items():
        before, found, rest = text.partition(f"<!-- {name} -->")
        _, closed, after = rest.partition(f"<!-- /{name} -->")
        if not (found and closed):
            raise SystemExit(f"{page} has no place for {name}")
        text = f"{before}<!-- {name} -->\n{make()}\n<!-- /{name} -->{after}"
    return text


def main() -> None:
    """Write every page, or only check them."""
    for page in GENERATED:
        path = ROOT / page
        if "--check" not in sys.argv:
            path.write_text(updated(page), encoding="utf-8")
        elif path.read_text(encoding="utf-8") != updated(page):
            sys.exit(f"{page} is stale: run make readme")


if __name__ == "__main__":
    main()

"""Every text that the page translates: those that are marked, and those of rows."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from generated.sentences import sentences
from peft_demo import capabilities, languages
from peft_demo.comparison import pareto, text_baseline
from peft_demo.data import DATASETS
from peft_demo.languages.catalogue import FOLDER
from peft_demo.languages.sentences import FLAG
from peft_demo.methods import METHODS
from peft_demo.methods.unsupported import UNSUPPORTED
from peft_demo.models import BASES
from peft_demo.runs import GroupKind, fields_of
from peft_demo.runs.challenge import LIMITS, TITLE
from peft_demo.runs.presets import ASSIGNMENT, PRESETS, recommended_id
from peft_demo.runs.questions import QUESTIONS
from peft_demo.runs.sweeps import REPEATS
from peft_demo.ui.browser_code import ASSETS
from peft_demo.ui.page import PAGES

PACKAGE = Path(languages.__file__).parent.parent

_MARKS = {"_": None, "gettext": None, "gettext_noop": None, "ngettext": (1, 2)}

_MARK = re.compile(r"\b_\(|gettext|{% trans")

_SCRIPT_MARK = re.compile(r'\b(?:_|counted)\(\s*("(?:[^"\\]|\\.)*")(?:,\s*("(?:[^"\\]|\\.)*"))?')
"""Babel reads scripts too, but not what stands within a template in a template."""

_READERS = {
    ".py": "python",
    ".html": "jinja2.ext:babel_extract",
    ".txt": "jinja2.ext:babel_extract",
    ".json": "jinja2.ext:babel_extract",
    ".jinja": "jinja2.ext:babel_extract",
}

_OPTIONS = {"trimmed": "true", "silent": "false", "encoding": "utf-8"}


def rows() -> Iterator[tuple[str, str]]:
    """The texts of rows, which are translated where they are shown, each with its table."""
    fields = [TITLE, *LIMITS, REPEATS, *(field for name in METHODS for field in fields_of(name))]
    for field in fields:
        yield from (("fields", text) for text in (field.label, field.help, field.unit))
    for method in METHODS.values():
        letters = method.picture.letters.values() if method.picture else ()
        said = (method.summary, method.note, *(letter.meaning for letter in letters))
        yield from (("METHODS", text) for text in said)
        # Others are called by their names.
        if method.baseline:
            yield "METHODS", method.label
    for name in (next(iter(PRESETS)), *ASSIGNMENT):
        yield "PRESETS", PRESETS[name].label
        yield "PRESETS", PRESETS[name].help
    yield "PRESETS", PRESETS[recommended_id("lora")].help
    yield from (("UNSUPPORTED", other.reason) for other in UNSUPPORTED)
    yield from (("BASES", base.label) for base in BASES.values())
    for dataset in DATASETS.values():
        texts = (dataset.label, dataset.nouns, *dataset.labels)
        yield from (("DATASETS", text) for text in texts)
    yield from (("GroupKind", str(kind)) for kind in GroupKind)
    yield from (("pareto", label) for _, label, _ in pareto.MEASURES)
    yield from (("baselines", name) for name in (text_baseline.MAJORITY, text_baseline.TFIDF))
    for capability in capabilities.every():
        yield from (("capabilities", text) for text in (capability.label, capability.about))
    yield from (("QUESTIONS", row.text) for row in QUESTIONS.values())
    yield from (("tabs", page.label) for page in PAGES)


def marked() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    """The texts that code and templates mark, each with its file."""
    for path in sorted(PACKAGE.rglob("*")):
        reader = _READERS.get(path.suffix)
        if reader is None or not _MARK.search(path.read_text(encoding="utf-8")):
            continue
        for found in extract_from_file(reader, path, _MARKS, (), _OPTIONS):
            yield path.relative_to(PACKAGE).as_posix(), found[1]


def in_scripts() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    """The texts that scripts of the page ask for, each with its file."""
    for path in sorted(ASSETS.rglob("*.js")):
        for found in _SCRIPT_MARK.findall(path.read_text(encoding="utf-8")):
            one, *many = [json.loads(text) for text in found if text]
            yield path.relative_to(PACKAGE).as_posix(), (one, *many) if many else one


def template() -> Catalog:
    """All of them, once each."""
    catalogue = Catalog(charset="utf-8")
    for where, text in (*marked(), *in_scripts(), *rows()):
        if text:
            catalogue.add(text, locations=[(where, 0)])
    for where, text in sentences(PACKAGE):
        catalogue.add(text, locations=[(where, 0)], flags=[FLAG])
    return catalogue


def read(code: str) -> Catalog:
    """A language's catalogue as it is."""
    with (FOLDER / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code)


def update(code: str) -> None:
    """Write a language's catalogue with all texts, those untranslated empty."""
    catalogue = read(code)
    catalogue.update(template(), no_fuzzy_matching=True)
    path = FOLDER / f"{code}.po"
    head, _, _ = path.read_text(encoding="utf-8").partition("\n\n")  # Babel's has dates
    written = io.BytesIO()
    options = {"omit_header": True, "ignore_obsolete": True, "include_lineno": False}
    write_po(written, catalogue, 100, **options)
    path.write_bytes(head.encode() + b"\n\n" + written.getvalue().strip() + b"\n")

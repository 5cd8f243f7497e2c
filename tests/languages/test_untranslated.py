"""What of the page is not yet marked as a text: each list only becomes shorter."""

import re
from html.parser import HTMLParser

import pytest
from generated.texts import PACKAGE
from jinja2 import Environment, nodes

from peft_demo import languages
from peft_demo.languages import catalogue
from peft_demo.ui.browser_code import ASSETS
from peft_demo.ui.page import build
from peft_demo.ui.services import Services

LEFT: dict[str, int] = {}
"""How many texts of a template are written without a mark."""

NAMES = {
    "PEFT Demo",
    "alpha / r",
    "LoRA",
    "IA3",
    "PNG",
    "Brier",
    "F1",
    "r",
    "Esc",
    "TF-IDF",
    "α",
    "open",
}
NAMES |= {"TrainOutput", "Cyclical Learning Rates for Training Neural Networks (Smith 2017)"}
NAMES |= {"bar net-norm", "bar net-embeddings", "; clip-path: polygon("}  # looks
"""They are the same in every language."""

MARK = "\ue000"

MARKS = ("_", "gettext", "gettext_noop", "ngettext")

_SEEN = ("aria-label", "title", "placeholder", "alt")

_environment = Environment(extensions=["jinja2.ext.i18n"])


def is_text(words):
    return bool(re.search(r"[^\W\d_]{2}", words)) and words.strip() not in NAMES


class Texts(HTMLParser):
    """What people read or hear of HTML; what varies in it is one mark."""

    def __init__(self):
        super().__init__()
        self.found = []
        self._within = []

    def handle_starttag(self, tag, attrs):
        if tag in ("style", "script", "code", "kbd"):
            self._within.append(tag)
        for name, value in attrs:
            if name in _SEEN:
                self._take(value or "")

    def handle_endtag(self, tag):
        if self._within[-1:] == [tag]:
            self._within.pop()

    def handle_data(self, data):
        if not self._within:
            self._take(data)

    def _take(self, data):
        self.found += [part.strip() for part in data.split(MARK) if is_text(part)]


def read_in(html):
    reader = Texts()
    reader.feed(html)
    return reader.found


def unmarked(path):
    """The texts of a template that no translation is asked for."""
    pieces, constants = [], []

    def walk(node):
        if is_marked(node) or isinstance(node, nodes.Getitem):
            return
        if isinstance(node, nodes.TemplateData):
            pieces.append(node.data)
        elif isinstance(node, nodes.Const) and is_sentence(node.value):
            constants.append(node.value)
        for child in node.iter_child_nodes():
            walk(child)
            if isinstance(node, nodes.Output):
                pieces.append(MARK)

    walk(_environment.parse(path.read_text(encoding="utf-8")))
    return read_in("".join(pieces)) + constants


def is_marked(node):
    return isinstance(node, nodes.Call) and getattr(node.node, "name", "") in MARKS


def is_sentence(value):
    """Whether it is words for people, not the name of something or a part of a tag."""
    return isinstance(value, str) and " " in value.strip() and "=" not in value and is_text(value)


def templates():
    kinds = ("**/templates/**/*.html", "export/templates/report.*", "comparison/sentences/*.txt")
    return sorted(path for kind in kinds for path in PACKAGE.glob(kind))


def test_no_template_has_more_unmarked_texts_than_are_listed():
    found = {path.relative_to(PACKAGE).as_posix(): unmarked(path) for path in templates()}
    assert {name: len(texts) for name, texts in found.items() if texts} == LEFT, found


MARKED = re.compile(r'\b(?:_|counted)\(\s*"(?:[^"\\]|\\.)*"(?:,\s*"(?:[^"\\]|\\.)*")?')
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`')
IN_SCRIPTS = {"Escape", "Training"}
"""A key, and what the server calls a phase."""


def unmarked_in_script(source):
    """Its strings, and what stands between tags, that look like words for people."""
    source = MARKED.sub("", re.sub(r"(^|\s)//.*", "", source))
    for quoted, template in STRING.findall(source):
        for part in re.split(r"\$\{[^}]*\}|<[^>]*>", quoted or template):
            words = part.strip()
            is_selector = re.match(r"[.#\[]|\w+\[|pd-", words)
            if re.search(r"^[A-Z][a-z]+|[a-z]{2} [a-z]{2}", words) and not is_selector:
                yield words


def test_scripts_mark_what_they_write():
    left = 'say(_("Saved")); html`<b>Not saved</b> ${_("No")}`; open("#tabs button", ".pd-a b")'
    assert [*unmarked_in_script(left)] == ["Not saved"]
    own = [path for path in ASSETS.rglob("*.js") if "vendor" not in path.parts]
    found = {path.name: {*unmarked_in_script(path.read_text(encoding="utf-8"))} for path in own}
    assert {name: words - IN_SCRIPTS for name, words in found.items() if words - IN_SCRIPTS} == {}


@pytest.fixture
def page(tmp_path, monkeypatch):
    """The page in a language whose texts stand between brackets."""

    class Wrapped(catalogue.gettext.NullTranslations):
        def gettext(self, message):
            return f"⟦{message}⟧"

        def ngettext(self, one, many, count):
            return f"⟦{one if count == 1 else many}⟧"

    monkeypatch.setenv("PEFT_DEMO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(catalogue, "translations", lambda code: Wrapped())
    services = Services()
    with languages.speaking("de"):
        yield build(services)
    services.store.close()


def test_what_the_page_is_built_of_is_translated(page):
    seen = {}
    for block in page.blocks.values():
        kind, place = block.get_block_name(), getattr(block, "elem_id", None) or ""
        # Reviews to begin with are in the language of the data.
        shown = ("value",) if kind == "button" and "example" not in place else ()
        for name in ("label", "info", "placeholder", *shown):
            said = getattr(block, name, None)
            outside = re.sub(r"⟦.*?⟧", MARK, said, flags=re.S) if isinstance(said, str) else ""
            if texts := read_in(outside):
                seen[f"{kind} {place} {name}"] = texts
    assert seen == {}

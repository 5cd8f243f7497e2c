"""The pure modules of the browser: each test in javascript/ is a case of its own, in Chromium."""

import re
from pathlib import Path

import pytest

from peft_demo.ui.browser_code import ASSETS

pytestmark = pytest.mark.browser

TESTS = Path(__file__).parent / "javascript"
FOLDERS = {"assets": ASSETS, "tests": TESTS}
FILES = sorted(TESTS.glob("*.test.js"))
SITE = "http://javascript.test"


def names_in(file: Path) -> list[str]:
    return re.findall(r'^test\("(.+?)"', file.read_text(encoding="utf-8"), re.MULTILINE)


def serve(route):
    address = route.request.url.partition("?")[0]
    folder, _, name = address.removeprefix(f"{SITE}/").partition("/")
    if folder in FOLDERS:
        route.fulfill(path=FOLDERS[folder] / name, content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html>", content_type="text/html")


@pytest.fixture(scope="module")
def ended(chromium):
    """By file and name: null, or what went wrong."""
    context = chromium.new_context(timezone_id="UTC", locale="en-GB")
    page = context.new_page()
    page.route("**/*", serve)
    page.goto(SITE)
    run = "async file => (await import('/tests/runner.js')).run(`/tests/${file}`)"
    yield {file.name: page.evaluate(run, file.name) for file in FILES}
    context.close()


@pytest.mark.parametrize(
    ("file", "name"), [(file.name, name) for file in FILES for name in names_in(file)]
)
def test_javascript(ended, file, name):
    assert ended[file][name] is None, ended[file][name]


def test_every_test_is_found(ended):
    assert {file.name: names_in(file) for file in FILES} == {
        file: list(results) for file, results in ended.items()
    }


@pytest.mark.parametrize("path", sorted(ASSETS.rglob("*.js")), ids=lambda path: path.name)
def test_modules_leave_nothing_in_the_global_scope(path):
    """But for what listens to the answers that Gradio's script gets."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\b(window|globalThis)\.(?!fetch\b)\w+ = ", text)

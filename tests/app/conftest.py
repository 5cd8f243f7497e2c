"""The real app in a process of its own, and a real browser to look at it."""

from contextlib import suppress

import pytest
from playwright.sync_api import Error
from running_app import App
from stocked_store import stock
from visiting import Visit

from peft_demo.storage import Store


@pytest.fixture(scope="session")
def app(tmp_path_factory):
    app = App(tmp_path_factory.mktemp("app") / "home", PEFT_DEMO_LESSONS="small")
    app.start()
    yield app
    app.stop()


@pytest.fixture(scope="session")
def full_app(tmp_path_factory):
    """An app whose store is full of runs."""
    app = App(tmp_path_factory.mktemp("full") / "home")
    store = Store(app.home)
    stock(store)
    store.close()
    app.start()
    yield app
    app.stop()


@pytest.fixture(scope="module", autouse=True)
def each_file_begins_with_the_references(app):
    """A run that a test left would slow down all that come after it, or be the latest there."""
    yield
    app.forget_runs()


@pytest.fixture(scope="session")
def windows():
    """Those that no test uses now: to open one takes as long as a page does to come."""
    return []


def give_back(window, windows):
    """To those that no test uses, unless it does not answer any more."""
    try:
        window.forget()
    except Error:
        with suppress(Error):
            window.context.close()
    else:
        windows.append(window)


@pytest.fixture
def visit(chromium, windows):
    visits = []

    def new(width=1440, height=900, color_scheme="light"):
        visits.append(windows.pop() if windows else Visit(chromium))
        visits[-1].see(width, height, color_scheme)
        return visits[-1]

    yield new
    for each in visits:
        give_back(each, windows)


@pytest.fixture
def page(app, visit):
    return visit().open(app.url)


@pytest.fixture(scope="class")
def same_page(app, chromium, windows):
    """One page for a class of tests that leave no trace which others mind: to load it is dear."""
    window = windows.pop() if windows else Visit(chromium)
    window.see(1440, 900, "light")
    yield window.open(app.url)
    give_back(window, windows)

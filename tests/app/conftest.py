"""The real app in a process of its own, and a real browser to look at it."""

from contextlib import suppress
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Error
from running_app import App


@pytest.fixture(scope="session")
def app(tmp_path_factory):
    app = App(tmp_path_factory.mktemp("app") / "home", PEFT_DEMO_LESSONS="small")
    app.start()
    yield app
    app.stop()


@pytest.fixture(scope="module", autouse=True)
def each_file_begins_with_the_references(app):
    """A run that a test left would slow down all that come after it, or be the latest there."""
    yield
    app.forget_runs()


class Visit:
    """A browser window of its own, its requests and errors written down."""

    def __init__(self, chromium) -> None:
        self.context = chromium.new_context()
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, url: str):
        self.page.goto(url)
        # Another's run has no button, and waits for long where the queue is paused.
        drawn = ".pd-strip button:visible, .pd-strip [data-strip=going]:visible"
        self.page.wait_for_selector(drawn)
        return self.page

    def see(self, width: int, height: int, color_scheme: str) -> None:
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(
            color_scheme=color_scheme, media="screen", forced_colors="none", reduced_motion="null"
        )

    def forget(self) -> None:
        """Become a stranger's window, which knows the program's files alone.

        Raises:
            Error: the page or its server does not answer any more.
        """
        for other in self.context.pages[1:]:
            other.close()
        self.page.unroute_all()
        self.context.clear_cookies()
        if self.page.url.startswith("http"):
            # Of the same origin, where nothing runs that would write again.
            self.page.goto(urljoin(self.page.url, "/nothing"))
            self.page.evaluate("localStorage.clear(), sessionStorage.clear()")
        self.requests.clear()
        self.errors.clear()


@pytest.fixture(scope="session")
def windows():
    """Those that no test uses now: to open one takes as long as a page does to come."""
    return []


@pytest.fixture
def visit(chromium, windows):
    visits = []

    def new(width=1440, height=900, color_scheme="light"):
        visits.append(windows.pop() if windows else Visit(chromium))
        visits[-1].see(width, height, color_scheme)
        return visits[-1]

    yield new
    for each in visits:
        try:
            each.forget()
        except Error:
            with suppress(Error):
                each.context.close()
        else:
            windows.append(each)


@pytest.fixture
def page(app, visit):
    return visit().open(app.url)


@pytest.fixture(scope="class")
def same_page(app, chromium):
    """One page for a class of tests that leave no trace which others mind: to load it is dear."""
    window = Visit(chromium)
    window.see(1440, 900, "light")
    yield window.open(app.url)
    window.context.close()

"""The real app in a process of its own, and a real browser to look at it."""

import pytest
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

    def __init__(self, chromium, width, height, **options) -> None:
        self.context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, url: str):
        self.page.goto(url)
        self.page.wait_for_selector(".pd-strip button:visible")
        return self.page


@pytest.fixture
def visit(chromium):
    visits = []

    def new(width=1440, height=900, **options):
        visits.append(Visit(chromium, width, height, **options))
        return visits[-1]

    yield new
    for each in visits:
        each.context.close()


@pytest.fixture
def page(app, visit):
    return visit().open(app.url)

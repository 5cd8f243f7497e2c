"""Windows of the real browser, which know what they asked for and what went wrong in them."""

from urllib.parse import urljoin


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

"""The system's own Chromium, with what it asked for and complained of kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tracker.child import wait_for

ARGUMENTS = (
    *("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--no-first-run"),
    *("--enable-unsafe-swiftshader", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--disable-quic"),
    # Pages are painted without the graphics processor that is not there; maps need one.
    "--disable-gpu-rasterization",
)
Theme = Literal["light", "dark"]


@dataclass
class Visit:
    """A page, and what happened on it."""

    page: Page
    origin: str
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def elsewhere(self) -> list[str]:
        """Requests that left the origin."""
        ours = (self.origin, self.origin.replace("http:", "ws:"), "data:", "blob:")
        return [url for url in self.requests if not url.startswith(ours)]

    def sign_in(self, department: str) -> None:
        """Sign in to the demonstration: a department's ref, or `all` for the platform office."""
        self.page.goto(self.origin)
        self.page.get_by_test_id(f"department-{department}").click()
        self.page.get_by_test_id("connection").wait_for()

    def sign_in_by(self, key: str, language: str = "en") -> None:
        """Sign in with a key, in a language."""
        self.page.goto(self.origin)
        self.page.get_by_test_id(f"language-{language}").click()
        self.page.get_by_test_id("with-key").click()
        self.page.get_by_test_id("key").fill(key)
        self.page.get_by_test_id("key-button").click()
        self.page.get_by_test_id("connection").wait_for()

    @contextmanager
    def beside(self) -> Iterator[Visit]:
        """Somebody else at the same origin, in a browser of their own as it were."""
        browser = self.page.context.browser
        assert browser is not None
        context = browser.new_context(viewport=self.page.viewport_size)
        try:
            yield _visit(context, self.origin)
        finally:
            context.close()

    def diagnostics(self, name: str) -> Any:  # noqa: ANN401  whatever the page says
        """A read-only figure of the console: vehicles, drawn, tick, state."""
        return self.page.evaluate(f"window.milepost.{name}()")

    def until(self, what: str, condition: Callable[[], bool], within_s: float) -> None:
        """Wait for a condition of the page, or fail saying which."""
        assert wait_for(condition, within_s), f"waited in vain: {what}"


def _visit(context: BrowserContext, origin: str) -> Visit:
    page = context.new_page()
    visit = Visit(page, origin)
    page.on("request", lambda request: visit.requests.append(request.url))
    page.on("websocket", lambda socket: visit.requests.append(socket.url))
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    return visit


def launched(playwright: Playwright) -> Browser:
    """A browser without windows."""
    return playwright.chromium.launch(
        executable_path=shutil.which("chromium"), args=list(ARGUMENTS)
    )


@contextmanager
def visiting(
    origin: str, *, width: int = 1440, height: int = 900, theme: Theme = "light"
) -> Iterator[Visit]:
    """Open a browser on an origin."""
    with sync_playwright() as playwright:
        browser = launched(playwright)
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme
        )
        try:
            yield _visit(context, origin)
        finally:
            browser.close()

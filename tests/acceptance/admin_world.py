"""At the administration's screen, with a keyboard and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.acceptance.browser import Theme, Visit, visiting
from tests.integration.service import Service

#: A name that attacks.
HOSTILE = "<img src=x onerror=window.ran=1>${window.ran=1}</script>"


@contextmanager
def at_admin(
    service: Service,
    *roles: str,
    language: str = "en",
    theme: Theme = "light",
    width: int = 1440,
) -> Iterator[Visit]:
    """Signed in with roles, at the screen, with the focus in its table."""
    with visiting(service.web_url, theme=theme, width=width) as visit:
        page = visit.page
        visit.sign_in_by(service.key(*roles), language)
        page.get_by_test_id("go-admin").click()
        page.get_by_test_id("admin-rows").wait_for()
        page.get_by_test_id("admin-rows").focus()
        yield visit
        assert page.evaluate("window.ran") is None, "a name was run"
        assert visit.errors == []
        assert visit.elsewhere == []


class Hands:
    """A keyboard and nothing else."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.page = visit.page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def text(self, name: str) -> str:
        return self.page.get_by_test_id(name).inner_text()

    def reads(self, name: str, said: str) -> None:
        self.visit.until(f"{name}: {said}", lambda: said in self.text(name), 20)

    def has_focus(self, name: str) -> None:
        def focused() -> bool:
            found = self.page.evaluate("document.activeElement.dataset.testid")
            return bool(found == name)

        self.visit.until(f"the focus at {name}", focused, 20)

    def tab(self, number: int, kind: str) -> None:
        """To a tab, by its number."""
        self.has_focus("admin-rows")
        self.press(str(number))
        tab = self.page.get_by_test_id(f"admin-tab-{kind}")
        self.visit.until(kind, lambda: tab.get_attribute("aria-selected") == "true", 20)
        self.has_focus("admin-rows")

    def fills(self, *values: str | None) -> None:
        """Field by field from the focus on, as far as values go; None passes one by."""
        self.has_focus_in_form()
        for number, value in enumerate(values):
            if number:
                self.press("Tab")
            if value is not None:
                self.press("Control+a", "Delete")
                self.page.keyboard.type(value)

    def has_focus_in_form(self) -> None:
        inside = "document.activeElement.closest('[data-testid=admin-form]') !== null"
        self.visit.until("the focus in the form", lambda: bool(self.page.evaluate(inside)), 20)

    def points_at(self, row: str) -> None:
        """Down from the first row to that one."""
        self.press("Home")
        for _ in range(20):
            if self.text("admin-facts") == row:
                return
            self.press("j")
        raise AssertionError(f"{row} is not there")

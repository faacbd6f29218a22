"""Base maps in a real browser: an operator's own, and one whose server dies and returns."""

from __future__ import annotations

from pathlib import Path

from api.settings import BasemapSettings
from tests.acceptance.axe import grave_faults
from tests.acceptance.browser import Visit, visiting
from tests.acceptance.room import dispatching, sign_in
from tests.integration.tile_server import TileServer, pmtiles
from tracker.postgres import PrivatePostgres


def shown(visit: Visit) -> str | None:
    return visit.page.get_by_test_id("basemap").get_attribute("data-shown")


def test_where_the_online_map_dies_the_built_in_one_shows_until_it_returns(
    postgres: PrivatePostgres,
) -> None:
    with TileServer().running() as remote:
        chosen = BasemapSettings(
            online=remote.tiles, online_attribution_en="Tiles by <b>somebody</b>"
        )
        with dispatching(postgres, chosen) as room, visiting(room.api.url) as visit:
            sign_in(visit, room)
            page = visit.page
            visit.until("tiles", lambda: len(remote.asked) > 4, 30)
            assert shown(visit) == "online"
            assert page.get_by_test_id("ground-notice").inner_text() == "Tiles by <b>somebody</b>"
            remote.fails = True
            page.locator("main").focus()

            def zoomed() -> bool:
                page.keyboard.press("+")
                return shown(visit) == "built-in"

            visit.until("the built-in one", zoomed, 30)
            assert "does not answer" in page.get_by_test_id("basemap-away").inner_text()
            assert grave_faults(page) == []
            remote.fails = False
            visit.until("the online one", lambda: shown(visit) == "online", 40)
            page.get_by_test_id("basemap").select_option("built-in")
            assert shown(visit) == "built-in"
            assert all(url.startswith(remote.origin) for url in visit.elsewhere)
            assert visit.errors == []


def test_an_operators_file_is_read_by_ranges_and_nothing_leaves_the_house(
    postgres: PrivatePostgres, tmp_path: Path
) -> None:
    path = tmp_path / "own.pmtiles"
    path.write_bytes(pmtiles())
    chosen = BasemapSettings(file=path, file_attribution_en="Our own map")
    with dispatching(postgres, chosen) as room, visiting(room.api.url) as visit:
        ranges: list[str | None] = []
        visit.page.on(
            "response",
            lambda answer: (
                ranges.append(answer.headers.get("content-range"))
                if answer.url.endswith("file.pmtiles")
                else None
            ),
        )
        sign_in(visit, room)
        read = (
            "performance.getEntriesByType('resource')"
            ".filter(each => each.name.endsWith('file.pmtiles')).length"
        )
        visit.until("pictures out of the file", lambda: visit.page.evaluate(read) >= 2, 30)
        assert len(ranges) >= 2
        assert all(ranges)
        assert visit.page.get_by_test_id("ground-notice").inner_text() == "Our own map"
        assert shown(visit) == "file"
        assert visit.elsewhere == []
        assert visit.errors == []

"""Base maps in a real browser: an operator's own, and one whose server dies and returns."""

from __future__ import annotations

import base64
from functools import partial
from pathlib import Path

from api.settings import BasemapSettings
from tests.acceptance.axe import grave_faults
from tests.acceptance.browser import Visit, visiting
from tests.acceptance.room import dispatching, sign_in
from tests.integration.tile_server import TileServer, pmtiles, shapes
from tracker.postgres import PrivatePostgres

#: The colour of a place on the map, as somebody sees it.
COLOUR = """async ([picture, x, y]) => {
  const image = new Image();
  image.src = `data:image/png;base64,${picture}`;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
  canvas.drawImage(image, 0, 0);
  return [...canvas.getImageData(x, y, 1, 1).data];
}"""


def colour(visit: Visit) -> list[int]:
    """Of what lies a little beside the middle of the map."""
    area = visit.page.get_by_test_id("map")
    picture = base64.b64encode(area.screenshot()).decode()
    box = area.bounding_box()
    assert box is not None
    found: list[int] = visit.page.evaluate(
        COLOUR, [picture, box["width"] / 2 + 40, box["height"] / 2 + 40]
    )
    return found


def differs(visit: Visit, before: list[int]) -> bool:
    """Whether that is another one now."""
    return colour(visit) != before


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


def test_shapes_of_an_operators_file_are_drawn_in_both_themes(
    postgres: PrivatePostgres, tmp_path: Path
) -> None:
    path = tmp_path / "shapes.pmtiles"
    path.write_bytes(pmtiles(shapes(), 11, "parks", "roads"))
    chosen = BasemapSettings(file=path, file_attribution_en="Our own map")
    with dispatching(postgres, chosen) as room, visiting(room.api.url) as visit:
        sign_in(visit, room)
        choice = visit.page.get_by_test_id("basemap")
        for _theme in ("light", "dark"):
            choice.select_option("built-in")
            visit.until("the built-in one", lambda: shown(visit) == "built-in", 20)
            visit.page.wait_for_load_state("networkidle")
            plain = colour(visit)
            choice.select_option("file")
            visit.until("its park", partial(differs, visit, plain), 20)
            visit.page.locator("main").focus()
            visit.page.keyboard.press("Shift+D")
        # What the file does not hold is not asked of anybody else.
        assert (visit.errors, visit.elsewhere) == ([], [])

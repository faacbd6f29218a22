"""What on a page is not in the language that the page says it is in."""

from __future__ import annotations

import re
from typing import Final

from playwright.sync_api import Page

#: Letters of the other language, and what says of its own text that it is in that one.
_OTHER: Final = {
    "zh-Hant": ("[A-Za-z]{3}", 'kbd, code, [lang="en"], [translate="no"]'),
    "en": ("[\u4e00-\u9fff]", '[lang^="zh"], [translate="no"]'),
}
_FOUND: Final = """([letters, marked]) => {
  const [found, wanted] = [new Set(), new RegExp(letters)];
  const look = (element, words) => {
    if (wanted.test(words) && !element.closest(`${marked}, script, style`)) found.add(words.trim());
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) look(walker.currentNode.parentElement, walker.currentNode.data);
  for (const element of document.querySelectorAll('[title], [aria-label], [placeholder]')) {
    for (const name of ['title', 'aria-label', 'placeholder']) {
      look(element, element.getAttribute(name) ?? '');
    }
  }
  return [...found];
}"""
#: The product's name, what formats and keys are called everywhere, and whose the shore line is.
_INTERNATIONAL: Final = re.compile(
    "Milepost|GPX|CSV|KML|GeoJSON|WGS ?84|MQTT|NMEA|IMEI|MMSI|AIS|GPS|UTC|CAP|OGC API|[Ww]ebhook"
    "|Enter|Esc|Tab|Ctrl|Shift|Space"
    "|GSHHG|LGPL|ODbL|OpenStreetMap contributors"
    # The refs of a service are codes, and so are ids, accounts, operations and their paths.
    r"|\b(FSD|HKPF)(/[\w-]+)?"
    r"|\b[0-9a-f]{8}[0-9a-f-]*|\b(key:)?mp_\w+|[\w.-]+ \(shell:[\w.-]+\)"
    r"|\bpostgres\b|\bmilepost_owner\b"
    r"|\b[a-z_]+(\.[a-z_]+)+\b|\b(WS|GET|POST) /\S+|https://"
)


def foreign(page: Page, language: str, *names: str) -> list[str]:
    """Texts, hints and labels in the other language; `names` are nobody's language."""
    letters, marked = _OTHER[language]

    def is_foreign(said: str) -> bool:
        for name in names:
            said = said.replace(name, "")
        return re.search(letters, _INTERNATIONAL.sub("", said)) is not None

    found: list[str] = page.evaluate(_FOUND, [letters, marked])
    return [said for said in found if is_foreign(said)]

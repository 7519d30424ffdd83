"""What a page weighs with all it asks for, gzipped as a server in front would send it."""

import gzip
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from playwright.sync_api import Page

from tests.interface.pages import Seen

FIRST_VISIT, SECOND_VISIT = 300_000, 40_000
HEAVY = ("vendor/quill/", "vendor/chart.js/")  # the editor's and the charts' pages stand apart


@dataclass(frozen=True, slots=True)
class Weight:
    """Bytes of one page: at the first visit, and again at each next one."""

    path: str
    first: int
    again: int
    is_apart: bool

    @property
    def is_too_much(self) -> bool:
        """The marks are the same for all; the first visit of pages that stand apart has none."""
        return self.again > SECOND_VISIT or (self.first > FIRST_VISIT and not self.is_apart)

    def __str__(self) -> str:
        mark = "  too much" if self.is_too_much else "  (editor or charts)" if self.is_apart else ""
        return f"{self.first / 1000:7.1f} KB {self.again / 1000:6.1f} KB  {self.path}{mark}"


class Scales:
    """Weighs pages that a browser shows. `web` is asked for the files, each once."""

    def __init__(self, web: FlaskClient) -> None:
        self._web = web
        self._known: dict[str, int] = {}
        self.found: list[Weight] = []

    def weigh(self, seen: Seen, page: Page) -> None:
        """Keep the weight of the page that is open."""
        entries: Any = json.loads(page.evaluate("JSON.stringify(performance.getEntriesByType('resource'))"))
        urls = sorted({entry["name"] for entry in entries if entry["name"].startswith("http")})
        own = len(gzip.compress(seen.html.encode()))
        kept = sum(self._weight(url) for url in urls if "v=" in urlsplit(url).query)
        again = own + sum(self._weight(url) for url in urls if "v=" not in urlsplit(url).query)
        is_apart = any(part in url for url in urls for part in HEAVY)
        self.found.append(Weight(seen.path, kept + again, again, is_apart))

    def say(self) -> list[str]:
        """Print the table, heaviest first; the lines of what is too heavy."""
        print("first visit  again  (KB gzipped)")  # noqa: T201 - pytest -rP shows it
        for one in sorted(self.found, key=lambda weight: -weight.first):
            print(one)  # noqa: T201
        return [str(one) for one in self.found if one.is_too_much]

    def _weight(self, url: str) -> int:
        if url not in self._known:
            parts = urlsplit(url)
            answer = self._web.get(f"{parts.path}?{parts.query}")
            self._known[url] = len(gzip.compress(answer.get_data()))
            answer.close()
        return self._known[url]

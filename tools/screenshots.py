"""Takes the pictures of README from a running service with demo data: `python tools/screenshots.py http://127.0.0.1:5000`.

Dark and light, for a desk and for a phone. Small enough for a repository: 256 colours each. It signs in as the
demo's people and changes nothing. Names after the address take only these pictures.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
PASSWORD = "warm-letters"  # noqa: S105 - the demo's, known to everybody
CHROMIUM = "/usr/bin/chromium"
MOST_BYTES = 150_000
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@dataclass(frozen=True, slots=True)
class Picture:
    """What to take: `path`, or the first page that `link` leads to from there; `at` is scrolled into sight."""

    name: str
    path: str
    link: str = ""
    at: str = ""
    theme: Literal["dark", "light"] = "dark"
    is_phone: bool = False


PICTURES = {
    "": (
        Picture("front", "/", theme="light"),
        Picture("blog-phone", "/blog/", is_phone=True),
    ),
    "demo@example.org": (
        Picture("reports", "/reports/"),
        Picture("mailing", "/mailings/", "main a:has-text('New on our shelves')"),
        Picture("inbox", "/inbox/"),
        Picture("letter", "/inbox/", "#letters tr:has-text('emma.brooks') a"),
        Picture("plan-light", "/mailings/create", at="#next-dates", theme="light"),
        Picture("plan-phone", "/mailings/create", at=".months", is_phone=True),
        Picture("message-light", "/messages/", "main td a", theme="light"),
        Picture("run-light", "/reports/", "main a[href^='/reports/runs/']", theme="light"),
        Picture("run-phone", "/reports/", "main a[href^='/reports/runs/']", is_phone=True),
        Picture("clients-phone", "/clients/", theme="light", is_phone=True),
    ),
    "admin@example.org": (Picture("panel", "/admin/"), Picture("roles", "/admin/staff/")),
}


def sign_in(page: Page, email: str) -> None:
    """Begin a session."""
    page.goto("/auth/login")
    page.fill("[name=login]", email)
    page.fill("[name=password]", PASSWORD)
    page.click("main [type=submit]")
    page.wait_for_url(lambda url: "/auth/login" not in url)


def take(page: Page, wanted: Picture) -> None:
    """One picture, in its theme and size."""
    page.set_viewport_size(PHONE if wanted.is_phone else DESK)  # type: ignore[arg-type]
    page.emulate_media(color_scheme=wanted.theme)
    page.goto(wanted.path)
    if wanted.link:
        page.click(f"{wanted.link} >> nth=0")
    if wanted.at:
        page.eval_on_selector(wanted.at, "part => scrollTo(0, part.getBoundingClientRect().top + scrollY - 90)")
    page.wait_for_timeout(1500)
    file = FOLDER / f"{wanted.name}.png"
    page.screenshot(path=file)
    Image.open(file).convert("RGB").quantize(256).save(file, optimize=True)
    if file.stat().st_size > MOST_BYTES:
        sys.exit(f"{file.name} is too large for the repository: {file.stat().st_size} bytes")
    print(f"{file.name}: {file.stat().st_size // 1024} KB")  # noqa: T201 - it speaks to a person


def main(address: str, *names: str) -> None:
    """All pictures, or those that are named."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for email, pictures in PICTURES.items():
            page = browser.new_context(base_url=address, locale="en-GB").new_page()
            if email:
                sign_in(page, email)
            for wanted in pictures:
                if not names or wanted.name in names:
                    take(page, wanted)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Takes the pictures of README from a running service with demo data: `python tools/screenshots.py http://127.0.0.1:5000`.

Small enough for a repository: 128 colours each. It signs in as the demo's people and changes nothing.
"""

import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
PASSWORD = "warm-letters"  # noqa: S105 - the demo's, known to everybody
CHROMIUM = "/usr/bin/chromium"
SIZE = {"width": 1280, "height": 800}
PICTURES = {
    "demo@example.org": (
        ("reports", "/reports/", ""),
        ("mailing", "/mailings/", "main a:has-text('New on our shelves')"),
        ("inbox", "/inbox/", ""),
        ("letter", "/inbox/", "#letters tr:has-text('emma.brooks') a"),
    ),
    "admin@example.org": (("panel", "/admin/", ""), ("roles", "/admin/staff/", "")),
}


def sign_in(page: Page, email: str) -> None:
    """Begin a session."""
    page.goto("/auth/login")
    page.fill("[name=login]", email)
    page.fill("[name=password]", PASSWORD)
    page.click("main [type=submit]")
    page.wait_for_url(lambda url: "/auth/login" not in url)


def take(page: Page, name: str, path: str, link: str = "") -> None:
    """One picture of `path`, or of the first page that `link` leads to from there."""
    page.goto(path)
    if link:
        page.click(f"{link} >> nth=0")
    page.wait_for_timeout(1500)
    file = FOLDER / f"{name}.png"
    page.screenshot(path=file)
    Image.open(file).convert("RGB").quantize(128).save(file, optimize=True)
    print(f"{file.name}: {file.stat().st_size // 1024} KB")  # noqa: T201 - it speaks to a person


def main(address: str) -> None:
    """All pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for email, wanted in PICTURES.items():
            page = browser.new_context(base_url=address, locale="en-GB", viewport=SIZE).new_page()
            sign_in(page, email)
            for picture in wanted:
                take(page, *picture)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])

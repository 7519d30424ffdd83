"""Large pictures put into a text by the editor, in a real browser."""

from pathlib import Path
from random import Random

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models import Post, User
from tests.blog.test_journey import enter, save
from tests.blog.writers import picture


def noisy(path: Path) -> int:
    """A photo that no format can make small, lying on its side; its bytes."""
    exif = Image.Exif()
    exif[0x0112] = 6
    size = (2400, 1800)
    Image.frombytes("RGB", size, Random(7).randbytes(3 * size[0] * size[1])).save(path, quality=98, exif=exif)
    return path.stat().st_size


def insert(page: Page, photo: Path) -> str:
    """The text with one picture more."""
    shown = page.locator(".ql-editor img")
    before = shown.count()
    with page.expect_file_chooser() as chooser:
        page.locator("button.ql-image").click()
    chooser.value.set_files(photo)
    expect(shown).to_have_count(before + 1)
    return page.locator("#post-text").input_value()


def test_a_telephone_s_photo_is_made_smaller_before_it_is_posted_and_a_webp_is_taken(
    app: Flask, web: FlaskClient, session: Session, author: User, page: Page, live_server: str, tmp_path: Path
) -> None:
    photo, other = tmp_path / "one.jpg", tmp_path / "two.webp"
    weight = noisy(photo)
    other.write_bytes(picture("WEBP"))
    enter(page, web, live_server)
    page.goto("/blog/create")
    page.fill("#title", "Big")
    assert len(insert(page, photo)) < weight
    insert(page, other)
    save(page)
    page.wait_for_url("**/blog/big")
    assert session.scalars(select(Post.content)).one().count("<img") == 2
    sizes = set()
    for file in app.config["MAILER"].media_dir.glob("*-l.jpg"):
        with Image.open(file) as made:
            sizes.add(made.size)
    assert sizes == {(1600, 2133), (60, 40)}

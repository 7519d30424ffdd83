"""Pictures that are uploaded: what is taken, what is made of it, what is refused, and which files stay."""

import base64
import io
import struct
import zlib
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models import Post, PostPhoto, User
from mailer.rules.errors import Invalid
from mailer.services import photos, post_writing
from tests.blog.writers import picture, upload
from tests.support.people import post
from tests.support.world import NOW


def files(media: Path) -> set[str]:
    return {path.name for path in media.iterdir()} if media.exists() else set()


def only_post(session: Session) -> Post:
    session.expire_all()
    return session.scalars(select(Post)).one()


def write(web: FlaskClient, content: bytes, path: str = "/blog/create", **fields: str):  # type: ignore[no-untyped-def]
    given = {"title": "With a photo", "content": "<p>Text</p>", "photo_alt": "A house", **fields}
    return post(web, path, {**given, "photo": upload(content)})


def bomb() -> bytes:
    """A few hundred bytes that say they are 20,000 by 20,000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_made_anew_in_three_sizes(
    web: FlaskClient, session: Session, author: User, media: Path, kind: str
) -> None:
    assert write(web, picture(kind, (2000, 1000))).status_code == 303
    name = only_post(session).photo
    assert files(media) == {f"{name}-{size}.{ending}" for size in "sml" for ending in ("webp", "jpg")}
    for size, width in {"s": 480, "m": 960, "l": 1600}.items():
        for ending, found in {"webp": "WEBP", "jpg": "JPEG"}.items():
            with Image.open(media / f"{name}-{size}.{ending}") as made:
                assert (made.format, made.size) == (found, (width, width // 2))


def test_a_photo_is_turned_upright_and_says_nothing_of_where_it_was_taken(
    web: FlaskClient, session: Session, author: User, media: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lying on its side
    exif[0x010E] = "at home"
    write(web, picture("JPEG", (60, 40), exif=exif.tobytes(), comment=b"my secret", icc_profile=b"profile"))
    for file in media.iterdir():
        raw = file.read_bytes()
        assert not any(word in raw for word in (b"at home", b"my secret", b"profile", b"Exif"))
        with Image.open(file) as made:
            assert made.size == (40, 60)
            red, _green, blue = made.convert("RGB").getpixel((20, 5))  # type: ignore[misc]
            assert red > blue


def test_what_is_see_through_stands_on_white(web: FlaskClient, author: User, media: Path) -> None:
    file = io.BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(file, "PNG")
    assert write(web, file.getvalue()).status_code == 303
    with Image.open(next(media.glob("*-s.jpg"))) as made:
        assert min(made.getpixel((10, 10))) > 250  # type: ignore[type-var,arg-type]


def test_sixteen_bits_of_grey_stay_grey(web: FlaskClient, author: User, media: Path) -> None:
    file = io.BytesIO()
    Image.new("I;16", (20, 20), 128 * 256).save(file, "PNG")
    assert write(web, file.getvalue()).status_code == 303
    with Image.open(next(media.glob("*-s.jpg"))) as made:
        assert made.convert("L").getpixel((10, 10)) == pytest.approx(128, abs=3)


def test_what_a_photo_s_noise_may_hold_by_chance_is_taken() -> None:
    file = io.BytesIO()
    Image.effect_noise((600, 600), 100).save(file, "JPEG", quality=95, comment=b"PK\x05\x06 <svg> <html? <?PHP7")
    assert len(file.getvalue()) > 100_000  # an archive's mark stands in the last 66 KB
    file.seek(0)
    assert len(photos.develop(file)) == 6


# a pass over all pixels that says nothing
SCAN = b"\xff\xda\0\x08\1\1\0\1\x3f\0"
HOSTILE = {
    "an SVG": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a GIF": picture("GIF"),
    "a TIFF": picture("TIFF"),
    "a photo that is also a page": picture("JPEG") + b"<html><script>alert(1)</script></html>",
    "a photo that is also a drawing": picture("PNG") + b"<SVG id=x onload=alert(1)>",
    "a photo that is also an archive": picture("PNG") + b"PK\x05\x06" + bytes(18),
    "a page with a photo's first bytes": b"\xff\xd8\xff\xe0<html><body onload=alert(1)>",
    "a photo drawn for hours": picture("JPEG", progressive=True)[:-2] + SCAN * 201 + b"\xff\xd9",
    "a truncated JPEG": picture("JPEG", (400, 400), quality=95)[:1500],
    "a truncated PNG": picture("PNG", (400, 400))[:200],
    "a truncated WebP": picture("WEBP", (400, 400), lossless=True)[:40],
    "a bomb": bomb(),
    "nothing": b"",
    "noise": bytes(range(256)) * 20,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_honest_photo_is_refused_beside_the_field(
    web: FlaskClient, session: Session, author: User, media: Path, content: bytes
) -> None:
    answer = write(web, content)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert 'id="photo-error"' in page
    assert "With a photo" in page
    assert not files(media)
    assert session.scalars(select(Post)).first() is None


@pytest.mark.parametrize("size", [(8_000, 5_001), (14_000, 14_000)], ids=["a little", "more than the decoder opens"])
def test_a_photo_of_too_many_pixels_is_told_so(size: tuple[int, int]) -> None:
    file = io.BytesIO()
    Image.new("1", size).save(file, "PNG")
    file.seek(0)
    with pytest.raises(Invalid, match="too_many_pixels"):
        photos.develop(file)


def test_a_file_of_more_than_ten_megabytes_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(Invalid, match="too_big"):
        photos.develop(io.BytesIO(picture() + bytes(photos.MOST_BYTES)))


def test_a_replaced_removed_or_deleted_photo_leaves_no_file(
    web: FlaskClient, session: Session, author: User, media: Path
) -> None:
    location = write(web, picture()).location
    first = files(media)
    write(web, picture("PNG"), f"{location}/edit")
    second = files(media)
    assert len(second) == 6
    assert not first & second
    fields = {"title": "T", "content": "<p>x</p>"}
    post(web, f"{location}/edit", fields)
    assert files(media) == second
    post(web, f"{location}/edit", {**fields, "drop_photo": "y"})
    assert not files(media)
    write(web, picture("WEBP"), f"{location}/edit")
    assert len(files(media)) == 6
    post(web, f"{location}/delete")
    assert not files(media)


def test_a_refused_change_keeps_the_old_photo_and_no_new_file(
    web: FlaskClient, session: Session, author: User, media: Path
) -> None:
    location = write(web, picture()).location
    before = files(media)
    refused = post(web, f"{location}/edit", title="T", content="", photo=upload(picture("PNG")))
    assert refused.status_code == 422
    assert files(media) == before


def embedded(raw: bytes, kind: str = "png") -> str:
    return f'<img src="data:image/{kind};base64,{base64.b64encode(raw).decode()}">'


def test_pictures_in_the_text_are_made_anew_too(web: FlaskClient, session: Session, author: User, media: Path) -> None:
    location = post(web, "/blog/create", title="T", content=f"<p>x{embedded(picture('PNG'))}</p>").location
    kept = only_post(session).content
    assert "data:" not in kept
    (name,) = session.scalars(select(PostPhoto.name))
    assert f'src="/media/{name}-l.webp"' in kept
    with web.get(f"/media/{name}-l.webp") as answer:
        assert answer.status_code == 200
    post(web, f"{location}/edit", title="T", content=kept)
    assert len(files(media)) == 6
    post(web, f"{location}/edit", title="T", content="<p>none</p>")
    assert not files(media)
    assert not session.scalars(select(PostPhoto)).all()


@pytest.mark.parametrize("raw", [HOSTILE["an SVG"], bomb(), HOSTILE["a truncated PNG"]])
def test_a_hostile_picture_in_the_text_is_refused_beside_it(
    web: FlaskClient, author: User, media: Path, raw: bytes
) -> None:
    answer = post(web, "/blog/create", title="T", content=f"<p>x</p>{embedded(picture())}{embedded(raw)}")
    assert answer.status_code == 422
    assert 'id="post-text-error"' in answer.get_data(as_text=True)
    assert not files(media)


def test_a_post_cannot_take_another_post_s_picture(
    web: FlaskClient, session: Session, author: User, media: Path
) -> None:
    write(web, picture())
    name = only_post(session).photo
    location = post(web, "/blog/create", title="Thief", content=f'<p>x</p><img src="/media/{name}-l.webp">').location
    assert name not in session.scalars(select(Post.content).where(Post.title == "Thief")).one()
    post(web, f"{location}/delete")
    assert len(files(media)) == 6


def test_pictures_are_served_as_what_they_are_and_kept_for_long(
    web: FlaskClient, visitor: FlaskClient, session: Session, author: User, media: Path
) -> None:
    write(web, picture())
    name = only_post(session).photo
    (media / "secret.txt").write_text("secret")
    for ending, kind in {"webp": "image/webp", "jpg": "image/jpeg"}.items():
        for browser in (web, visitor):
            with browser.get(f"/media/{name}-m.{ending}") as answer:
                assert answer.mimetype == kind
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert "immutable" in answer.headers["Cache-Control"]
                assert "sandbox" in answer.headers["Content-Security-Policy"]
    for file in ("secret.txt", "..%2fmailer.db", "../mailer.db", "0" * 32 + "-s.jpg", f"{name}-x.jpg", f"{name}-s.svg"):
        assert visitor.get(f"/media/{file}").status_code == 404


def test_files_that_no_post_shows_are_swept_once_they_are_old(
    web: FlaskClient, session: Session, author: User, media: Path
) -> None:
    write(web, picture())
    kept = files(media)
    stray = media / ("a" * 32 + "-s.jpg")
    stray.write_bytes(b"left by a death")
    assert post_writing.sweep_photos(session, media, now=NOW) == 0  # NOW is before the file was made
    later = NOW.replace(year=2100)
    assert post_writing.sweep_photos(session, media, now=later) == 1
    assert files(media) == kept

"""Pictures that strangers upload: looked at before they are decoded, then made anew, so that nothing of the file
that came in is ever served. Knows files, not posts; every name is random and never reused."""

import io
import re
import secrets
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import IO

from PIL import Image, ImageCms, ImageOps

from mailer.rules.errors import Invalid

MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
SIZES = {"s": 480, "m": 960, "l": 1600}
TYPES = {"webp": "image/webp", "jpg": "image/jpeg"}
FILE = re.compile(r"([0-9a-f]{32})-[sml]\.(webp|jpg)")
# a file that is also a page, a program or a document: harmless once made anew, but never an honest photo. Long words
# only: ten megabytes of noise, which a photo is, hold one of them once in a hundred thousand times
TWO_FACED = re.compile(
    rb"<script|<html[\s>]|<!doctype\s|<svg[\s/][^<>]{0,999}?\b(?:xmlns|on[a-z]{3})|<\?php\s|<iframe|%PDF-1",
    re.IGNORECASE,
)
PRINTED = ("L", "CMYK")  # kept until the profile, if there is one, has said what these inks look like
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
MOST_PROFILE_BYTES = 4 * 1024 * 1024
CHAIN = b"mpet"  # of any number of steps: 64 KB of them cost ten seconds, and no camera writes one
SCAN = b"\xff\xda"  # a JPEG's pass over all pixels: ten bytes are one, a million of them take an hour
MOST_SCANS = 200  # honest ones have a dozen, and as many more in the small pictures inside

# a decoded picture takes hundreds of megabytes: two at once could starve the process
_one_at_a_time = Lock()

Files = dict[str, bytes]


def develop(stream: IO[bytes], field: str = "photo") -> Files:
    """The three sizes in both formats, by the end of their file names ("-s.webp"); upright and without metadata.

    Raises Invalid(field, "too_big" | "too_many_pixels" | "not_a_photo").
    """
    raw = stream.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise Invalid(field, "too_big")
    if TWO_FACED.search(raw) or zipfile.is_zipfile(io.BytesIO(raw)):  # an archive has its mark at the end
        raise Invalid(field, "not_a_photo")
    with _one_at_a_time:
        try:
            return _made_anew(raw, field)
        except Invalid:
            raise
        except Image.DecompressionBombError:  # the decoder's own limit, far above ours: it does not even open these
            raise Invalid(field, "too_many_pixels") from None
        except Exception:  # a hostile file may make a decoder raise anything
            raise Invalid(field, "not_a_photo") from None


def _made_anew(raw: bytes, field: str) -> Files:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is lower, and asked next
        picture = Image.open(io.BytesIO(raw), formats=FORMATS)
    with picture:
        if picture.format in {"JPEG", "MPO"} and raw.count(SCAN) > MOST_SCANS:
            raise Invalid(field, "not_a_photo")
        if picture.width * picture.height > MOST_PIXELS:
            raise Invalid(field, "too_many_pixels")
        picture.draft("RGB", (SIZES["l"], SIZES["l"]))  # a JPEG is decoded no larger than needed
        picture.load()
        upright = _flat(ImageOps.exif_transpose(picture))
    return dict(_encoded(upright))


def _flat(picture: Image.Image) -> Image.Image:
    """On white, in sRGB, in a new image: profiles, comments, positions stay behind with the old one."""
    if picture.mode.startswith("I;16"):  # sixteen bits of grey, which would all be cut to white
        picture = picture.point(lambda grey: grey / 256).convert("L")
    inks = "RGBA" if picture.has_transparency_data else picture.mode if picture.mode in PRINTED else "RGB"
    solid = picture.convert(inks)
    solid.thumbnail((SIZES["l"], SIZES["l"] * 2), Image.Resampling.LANCZOS)
    solid = _in_srgb(solid, picture.info.get("icc_profile") or b"")
    sheet = Image.new("RGB", solid.size, "white")
    sheet.paste(solid, mask=solid if solid.mode == "RGBA" else None)
    return sheet


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """The colours that the file's own profile means; as they are where it has none, or none that can be used."""
    if not profile or len(profile) > MOST_PROFILE_BYTES or CHAIN in profile:
        return picture
    meant = "RGBA" if picture.mode == "RGBA" else "RGB"
    try:
        return ImageCms.profileToProfile(picture, io.BytesIO(profile), SRGB, outputMode=meant) or picture
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture


def _encoded(picture: Image.Image) -> Iterator[tuple[str, bytes]]:
    for size, width in SIZES.items():
        smaller = picture.copy()
        smaller.thumbnail((width, width * 2), Image.Resampling.LANCZOS)
        for ending, options in {"webp": {"quality": 80}, "jpg": {"quality": 82, "progressive": True}}.items():
            file = io.BytesIO()
            smaller.save(file, "WEBP" if ending == "webp" else "JPEG", **options)
            yield f"-{size}.{ending}", file.getvalue()


class Album:
    """The media folder during one change of a post. What was added goes again unless the change was kept;
    what was dropped goes only when it was."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made when missing."""
        self.folder = folder
        self.added: set[str] = set()
        self.dropped: set[str] = set()
        self._is_kept = False

    def add(self, files: Files) -> str:
        """Write one picture's files; its new name."""
        name = secrets.token_hex(16)
        self.added.add(name)
        self.folder.mkdir(parents=True, exist_ok=True)
        for ending, content in files.items():
            (self.folder / f"{name}{ending}").write_bytes(content)
        return name

    def drop(self, names: Iterable[str]) -> None:
        """These pictures are no longer shown."""
        self.dropped.update(names)

    def keep(self) -> None:
        """The change is committed."""
        self._is_kept = True

    def close(self) -> None:
        """Remove the files that nobody shows now."""
        for name in self.dropped if self._is_kept else self.added:
            remove(self.folder, name)


@contextmanager
def opened(folder: Path) -> Iterator[Album]:
    """`with photos.opened(folder) as album:` … commit, then `album.keep()`."""
    album = Album(folder)
    try:
        yield album
    finally:
        album.close()


def remove(folder: Path, name: str) -> None:
    """Delete the files of one picture; missing ones do not matter."""
    for size in SIZES:
        for ending in TYPES:
            (folder / f"{name}-{size}.{ending}").unlink(missing_ok=True)


def strays(folder: Path, *, before: float) -> set[str]:
    """Names of pictures whose files are older than `before` (seconds of the epoch)."""
    if not folder.is_dir():
        return set()
    old = (path.name for path in folder.iterdir() if path.stat().st_mtime < before)
    return {found[1] for name in old if (found := FILE.fullmatch(name))}

"""Colours of a photo: what its own profile means by them is what readers see."""

import io
import struct

import pytest
from PIL import Image, ImageCms

from mailer.services import photos
from tests.blog.writers import picture

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# red and blue have changed places
SWAPPED = SRGB.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")


def grey(gamma: float) -> bytes:
    """A profile of one ink (ICC.1:2001-04): its white, and its curve."""
    white = b"XYZ ".ljust(8, b"\0") + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
    curve = b"curv".ljust(8, b"\0") + struct.pack(">IHxx", 1, int(gamma * 256))
    tags = struct.pack(">I", 2) + b"wtpt" + struct.pack(">II", 156, 20) + b"kTRC" + struct.pack(">II", 176, 16)
    head = struct.pack(">I4sI4s4s4s12x4s", 192, b"lcms", 0x02400000, b"mntr", b"GRAY", b"XYZ ", b"acsp")
    return head.ljust(128, b"\0") + tags + white + curve


def shown(raw: bytes) -> Image.Image:
    """The small picture that is made of a file."""
    return Image.open(io.BytesIO(photos.develop(io.BytesIO(raw))["-s.jpg"])).convert("RGB")


def saved(image: Image.Image, kind: str, profile: bytes) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, icc_profile=profile)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_s_own_profile_says_what_its_colours_are(kind: str) -> None:
    red, _green, blue = shown(picture(kind, icc_profile=SWAPPED)).getpixel((5, 20))  # type: ignore[misc]
    assert blue - red > 200


def test_colours_change_under_what_is_see_through_too() -> None:
    half = Image.new("RGBA", (20, 20), (255, 0, 0, 128))
    assert shown(saved(half, "PNG", SWAPPED)).getpixel((10, 10)) == pytest.approx((127, 127, 254), abs=4)


def test_grey_has_profiles_of_its_own() -> None:
    even = Image.new("L", (20, 20), 100)
    assert shown(saved(even, "JPEG", grey(1.0))).getpixel((10, 10)) == pytest.approx((168, 168, 168), abs=4)


USELESS = {
    "no profile": b"profile",
    "half of one": SWAPPED[:300],
    "too long a one": SWAPPED.ljust(photos.MOST_PROFILE_BYTES + 1, b"\0"),
    "one with steps without end": SWAPPED + photos.CHAIN,
    "one for other inks": grey(1.0),
}


@pytest.mark.parametrize("profile", USELESS.values(), ids=USELESS.keys())
def test_a_profile_that_cannot_be_used_costs_no_photo(profile: bytes) -> None:
    red, _green, blue = shown(picture(icc_profile=profile)).getpixel((5, 20))  # type: ignore[misc]
    assert red - blue > 200


@pytest.mark.parametrize(("inks", "kind"), [("L", "JPEG"), ("LA", "PNG"), ("P", "PNG"), ("1", "PNG"), ("CMYK", "JPEG")])
@pytest.mark.parametrize("profile", [b"", SWAPPED], ids=["no profile", "one for other inks"])
def test_pictures_of_any_inks_are_taken(inks: str, kind: str, profile: bytes) -> None:
    white = Image.new("RGB", (20, 20), "white").convert(inks)
    assert shown(saved(white, kind, profile)).getpixel((10, 10)) == pytest.approx((255, 255, 255), abs=4)

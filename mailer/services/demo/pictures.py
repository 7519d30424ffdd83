"""Photos for the blog, drawn: a lighthouse at five hours of the day. Pure; bytes of a PNG come out."""

import io
from dataclasses import dataclass
from math import sin
from random import Random

from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 1600, 900
HORIZON = 620
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Hour:
    """The colours of an hour, where its sun or moon stands, and whether the lamp is lit."""

    zenith: Colour
    skyline: Colour
    sea: Colour
    disc: Colour
    disc_at: tuple[int, int]
    is_lit: bool = False
    stars: int = 0


HOURS = {
    "dawn": Hour((88, 98, 160), (250, 190, 150), (62, 84, 122), (255, 236, 200), (420, 560)),
    "day": Hour((86, 160, 214), (214, 236, 244), (34, 112, 140), (255, 250, 225), (330, 190)),
    "sunset": Hour((60, 48, 104), (244, 128, 72), (50, 44, 86), (255, 214, 120), (560, 585), is_lit=True),
    "night": Hour((8, 18, 38), (32, 62, 92), (10, 26, 46), (240, 240, 220), (300, 170), is_lit=True, stars=180),
    "storm": Hour((46, 58, 66), (134, 150, 152), (38, 58, 62), (188, 198, 198), (520, 240), is_lit=True),
}


def draw(name: str) -> bytes:
    """The lighthouse at this hour."""
    hour, luck = HOURS[name], Random(name)
    sheet = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
    picture = Image.composite(
        Image.new("RGB", sheet.size, hour.skyline), Image.new("RGB", sheet.size, hour.zenith), sheet
    )
    pen = ImageDraw.Draw(picture, "RGBA")
    for _ in range(hour.stars):
        x, y = luck.randrange(WIDTH), luck.randrange(HORIZON - 60)
        pen.ellipse((x, y, x + 3, y + 3), fill=(255, 255, 255, luck.randrange(90, 230)))
    x, y = hour.disc_at
    pen.ellipse((x - 62, y - 62, x + 62, y + 62), fill=hour.disc)
    _sea(pen, hour, luck)
    picture = _beam(picture) if hour.is_lit else picture
    _lighthouse(ImageDraw.Draw(picture, "RGBA"), hour)
    file = io.BytesIO()
    picture.resize((WIDTH * 3 // 4, HEIGHT * 3 // 4), Image.Resampling.LANCZOS).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _sea(pen: ImageDraw.ImageDraw, hour: Hour, luck: Random) -> None:
    pen.rectangle((0, HORIZON, WIDTH, HEIGHT), fill=hour.sea)
    for row in range(9):
        base, swing, shift = HORIZON + 12 + row * row * 4, 3 + row * 1.6, luck.uniform(0, 6)
        crest = [(x, base + swing * sin(x / (60 + row * 14) + shift)) for x in range(0, WIDTH + 20, 20)]
        pen.polygon([*crest, (WIDTH, HEIGHT), (0, HEIGHT)], fill=(*hour.skyline, 16 + row * 2))
    x = hour.disc_at[0]
    for row in range(24):
        y, half = HORIZON + 6 + row * 11, luck.randint(10, 60) + row
        pen.rounded_rectangle((x - half, y, x + half, y + 4), radius=2, fill=(*hour.disc, max(130 - row * 5, 10)))


def _beam(picture: Image.Image) -> Image.Image:
    light = Image.new("L", picture.size, 0)
    pen = ImageDraw.Draw(light)
    pen.polygon([(1180, 262), (-200, 60), (-200, 330)], fill=110)
    pen.polygon([(1180, 262), (1900, 170), (1900, 330)], fill=80)
    pen.ellipse((1090, 172, 1270, 352), fill=150)
    warm = Image.new("RGB", picture.size, (255, 232, 170))
    return Image.composite(warm, picture, light.filter(ImageFilter.GaussianBlur(16)))


def _lighthouse(pen: ImageDraw.ImageDraw, hour: Hour) -> None:
    shade = 150 if hour.is_lit else 255
    white, red, rock = (shade, shade, shade), (shade * 3 // 4, 48, 44), (38, 40, 48)
    cliff = [(760, 900), (820, 760), (930, 640), (1090, 590), (1290, 600), (1460, 690), (1600, 720), (1600, 900)]
    pen.polygon(cliff, fill=rock)
    for step in range(6):
        top, bottom = 300 + step * 52, 300 + (step + 1) * 52
        left, right = 1128 - step * 8, 1232 + step * 8
        stripe = [(left, top), (right, top), (right + 8, bottom), (left - 8, bottom)]
        pen.polygon(stripe, fill=red if step % 2 else white)
    pen.rectangle((1106, 290, 1254, 304), fill=rock)
    pen.rectangle((1142, 236, 1218, 290), fill=(255, 236, 160) if hour.is_lit else (190, 214, 220))
    pen.polygon([(1130, 238), (1230, 238), (1180, 186)], fill=red)
    pen.rectangle((1170, 540, 1194, 586), fill=rock)

"""Pictures that show what was asked for: a sky of colours drawn from the seed, and the prompt written over it."""

from __future__ import annotations

import colorsys
import io
import textwrap
from random import Random

from PIL import Image, ImageDraw, ImageFont

MARGIN = 0.08
"""Of the width, on each side of the text."""
MOST_CHARS = 240
SHAPES = 7


def draw_picture(prompt: str, draws: Random, width: int, height: int) -> bytes:
    """Return a PNG of that size in pixels; the same prompt and draws give the same bytes."""
    picture = _sky(draws, width, height)
    pen = ImageDraw.Draw(picture, "RGBA")
    for _ in range(SHAPES):
        _circle(pen, draws, width, height)
    _write(pen, prompt, width, height)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _sky(draws: Random, width: int, height: int) -> Image.Image:
    hue = draws.random()
    top, bottom = _colour(hue, 0.55, 0.35), _colour(hue + 0.12, 0.45, 0.8)
    ramp = Image.linear_gradient("L").resize((width, height))
    return Image.composite(Image.new("RGB", (width, height), bottom), Image.new("RGB", (width, height), top), ramp)


def _circle(pen: ImageDraw.ImageDraw, draws: Random, width: int, height: int) -> None:
    radius = draws.uniform(0.03, 0.2) * min(width, height)
    x, y = draws.uniform(0, width), draws.uniform(0, height)
    colour = (*_colour(draws.random(), 0.5, 0.95), 90)
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _write(pen: ImageDraw.ImageDraw, prompt: str, width: int, height: int) -> None:
    text = textwrap.shorten(prompt, MOST_CHARS, placeholder=" …")
    size = max(10, width // 24)
    font = ImageFont.load_default(size)
    letters = max(8, int(width * (1 - 2 * MARGIN) / (size * 0.52)))
    lines = textwrap.wrap(text, letters)
    top = (height - len(lines) * size * 1.35) / 2
    panel = (width * MARGIN / 2, top - size * 0.6, width * (1 - MARGIN / 2), top + size * (1.35 * len(lines) + 0.4))
    pen.rounded_rectangle(panel, radius=size // 2, fill=(0, 0, 0, 120))
    for place, line in enumerate(lines):
        pen.text((width * MARGIN, top + place * size * 1.35), line, font=font, fill="white")


def _colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)

"""Pixels made of SVG text, the same everywhere, and pixels as PNG.

resvg draws the text with the font that matplotlib brings, also on machines without any font.
"""

import io
from functools import cache
from pathlib import Path

import matplotlib
import resvg_py
from PIL import Image


def png_of(svg: str, scale: float = 1.0) -> bytes:
    """Return the picture as PNG, scale pixels for one of the SVG; ValueError if it is no SVG."""
    return resvg_py.svg_to_bytes(
        svg_string=svg,
        zoom=scale,
        skip_system_fonts=True,
        font_files=[font_path()],
        sans_serif_family="DejaVu Sans",
    )


def image_of(svg: str, scale: float = 1.0) -> Image.Image:
    """Return the picture as an image, RGBA where it has transparent parts."""
    with Image.open(io.BytesIO(png_of(svg, scale))) as image:
        return image.copy()


def image_png(image: Image.Image) -> bytes:
    """Return an image as PNG."""
    target = io.BytesIO()
    image.save(target, format="PNG", optimize=True)
    return target.getvalue()


@cache
def font_path() -> str:
    """Return the file of DejaVu Sans, which matplotlib brings."""
    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")

"""The page's pictures for readers that know no style sheet: in the light colours, as SVG or as PNG on white."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

STYLES = Path(__file__).parent / "templates" / "weekly.css"
FONTS = "Liberation Sans, Arial, Helvetica, DejaVu Sans, sans-serif"
PNG_SCALE = 2
"""Pixels to a unit, so that a picture stays sharp on a phone."""


@cache
def light() -> dict[str, str]:
    """The page's variables in light colours, as the style sheet has them first: `accent` -> `#0072b2`."""
    root = re.search(r":root\{([^}]*)\}", STYLES.read_text(encoding="utf-8"))
    return dict(re.findall(r"--([\w-]+):([^;]+)", root[1])) if root else {}


def in_light(svg: str) -> str:
    """A picture of the page with values for variables, and a font of its own."""
    fixed = re.sub(r"var\(--([\w-]+)\)", lambda name: light().get(name[1], "#000"), svg)
    return fixed.replace("<svg", f'<svg xmlns="http://www.w3.org/2000/svg" font-family="{FONTS}"', 1)


def size(svg: str) -> tuple[float, float]:
    """Width and height in the picture's own units."""
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    return (float(box[1]), float(box[2])) if box else (0.0, 0.0)


def as_png(svg: str) -> bytes:
    """The picture on white, since mail programs lay transparent ones on black; the same picture, the same bytes."""
    import vl_convert

    width, height = size(svg)
    ground = f'<rect width="{width}" height="{height}" fill="#fff"/>'
    sized = in_light(svg).replace("<svg", f'<svg width="{width}" height="{height}"', 1)
    drawn: bytes = vl_convert.svg_to_png(re.sub(r"(<svg[^>]*>)", rf"\1{ground}", sized, count=1), scale=PNG_SCALE)
    return drawn

"""matplotlib's SVG made fit for pages under a strict Content-Security-Policy, and for none of the printer's units."""

from __future__ import annotations

import re

_START_TAG = re.compile(rb'<[A-Za-z][^<>"]*(?:"[^"]*"[^<>"]*)*>')
_STYLE = re.compile(rb'\sstyle="([^"]*)"')
_ROOT = b'width="%d" height="%d" stroke-linejoin="round" stroke-linecap="butt"'
"""What matplotlib says of all elements in a style sheet is inherited from the root instead."""


def strict_svg(svg: bytes, width_px: int, height_px: int) -> bytes:
    """The same picture without a document type, style sheet or style attribute, in pixels.

    A policy without `unsafe-inline` forbids styles in a document, and attributes of presentation (SVG 1.1, section
    6.4) say the same. The address of the document type is the one thing outside the picture; SVG does without.
    """
    svg = re.sub(rb"<!DOCTYPE[^>]*>\s*", b"", svg, count=1)
    svg = re.sub(rb"<style\b[^>]*>.*?</style>", b"", svg, count=1, flags=re.DOTALL)
    svg = re.sub(rb'width="[\d.]+pt" height="[\d.]+pt"', _ROOT % (width_px, height_px), svg, count=1)
    return _START_TAG.sub(lambda tag: _STYLE.sub(_attributes, tag.group()), svg)


def _attributes(style: re.Match[bytes]) -> bytes:
    """`fill: red; stroke: none` as `fill="red" stroke="none"`."""
    pairs = (part.split(b":", 1) for part in style.group(1).split(b";") if b":" in part)
    return b"".join(b' %s="%s"' % (name.strip(), value.strip()) for name, value in pairs)

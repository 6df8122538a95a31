"""Bars of compare.py's figures as an SVG picture: a panel for each shape and
measure, a group for each format, a bar for each engine, a line for the limit.
"""
import math
from xml.sax.saxutils import escape

from report import ENGINES, MEASURES, TITLES, is_time, number
from shapes import SHAPES

COLORS = {"inlay": "#1b6ca8", "llama.cpp": "#e08a2e", "openvino": "#6aa84f"}
LIMIT, GRID, FRAME, INK = "#b03030", "#dddddd", "#444444", "#222222"
PANEL_WIDTH, PANEL_HEIGHT, MARGIN, COLUMNS = 400, 250, 56, 2
BAR = 22


def line(x1, y1, x2, y2, color, width=1):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{color}" stroke-width="{width}"/>')


def text(x, y, words, anchor="middle", size=11):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" '
            f'text-anchor="{anchor}" fill="{INK}">{escape(words)}</text>')


def rectangle(x, y, width, height, color):
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
            f'height="{height:.1f}" fill="{color}"/>')


def ticks(most):
    """About five round values from 0 to at least `most`."""
    raw = most / 5
    power = 10 ** math.floor(math.log10(raw))
    step = next(f * power for f in (1, 2, 5, 10) if raw <= f * power)
    return [i * step for i in range(math.ceil(most / step - 1e-9) + 1)]


class Panel:
    def __init__(self, left, top, most):
        self.left, self.bottom = left, top + PANEL_HEIGHT - 60
        self.top, self.right = top + 30, left + PANEL_WIDTH - 20
        self.ticks = ticks(most)

    def height(self, value):
        share = value / self.ticks[-1]
        return self.bottom - share * (self.bottom - self.top)

    def axes(self, title):
        yield text(self.left, self.top - 12, title, "start", 14)
        for value in self.ticks:
            at = self.height(value)
            yield line(self.left, at, self.right, at, GRID)
            yield text(self.left - 6, at + 4, f"{value:g}", "end")
        yield line(self.left, self.bottom, self.right, self.bottom, FRAME)
        yield line(self.left, self.top, self.left, self.bottom, FRAME)

    def group(self, middle, kind, values, limit):
        begin = middle - BAR * len(ENGINES) / 2
        for i, engine in enumerate(ENGINES):
            at = begin + i * BAR
            value = values.get(engine)
            if value is None:
                yield text(at + BAR / 2, self.bottom - 4, "-")
                continue
            top = self.height(value)
            yield rectangle(at + 1, top, BAR - 2, self.bottom - top,
                            COLORS[engine])
            yield text(at + BAR / 2, top - 3, number(value), size=8)
        if limit:
            at = self.height(limit)
            yield line(begin - 4, at, begin + BAR * len(ENGINES) + 4, at,
                       LIMIT, 2)
        yield text(middle, self.bottom + 16, kind)


def draw_panel(left, top, shape, measure, kinds, figures, limits):
    values = {kind: {engine: figures.get(engine, {}).get(
        (shape, kind, measure)) for engine in ENGINES} for kind in kinds}
    bounds = {kind: limits.of(SHAPES[shape], kind, measure)
              for kind in kinds}
    lines = {kind: bound[0] for kind, bound in bounds.items() if bound}
    most = max([v for row in values.values() for v in row.values() if v] +
               list(lines.values()), default=1)
    panel = Panel(left, top, most)
    unit = "" if is_time(measure) else ", tokens/s"
    yield from panel.axes(f"{shape}: {MEASURES[measure]}{unit}")
    width = (panel.right - panel.left) / len(kinds)
    for i, kind in enumerate(kinds):
        yield from panel.group(panel.left + (i + 0.5) * width, kind,
                               values[kind], lines.get(kind))


def legend(top):
    at = MARGIN
    for engine in ENGINES:
        yield rectangle(at, top, 14, 14, COLORS[engine])
        yield text(at + 20, top + 12, TITLES[engine], "start", 12)
        at += 140
    yield line(at, top + 7, at + 20, top + 7, LIMIT, 2)
    yield text(at + 26, top + 12, "limit of the machine", "start", 12)


def draw(figures, limits, cases):
    panels = {}
    for shape, kind, measure in cases:
        panels.setdefault((shape, measure), []).append(kind)
    rows = -(-len(panels) // COLUMNS)
    width = MARGIN + COLUMNS * (PANEL_WIDTH + MARGIN)
    height = 40 + rows * PANEL_HEIGHT
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" version="1.1" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif">',
        "<title>Speed beside the peers</title>",
        rectangle(0, 0, width, height, "white"), *legend(14)]
    for i, ((shape, measure), kinds) in enumerate(panels.items()):
        left = MARGIN + i % COLUMNS * (PANEL_WIDTH + MARGIN)
        top = 40 + i // COLUMNS * PANEL_HEIGHT
        parts += draw_panel(left, top, shape, measure, kinds, figures, limits)
    return "\n".join([*parts, "</svg>"]) + "\n"

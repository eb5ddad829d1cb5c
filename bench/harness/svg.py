# SPDX-License-Identifier: Apache-2.0
"""The few kinds of plot that the report has, as SVG, without a library."""

import math
from html import escape

COLOURS = ["#1f5fa8", "#c8561b", "#2f8a57", "#8a4fa0", "#6b6b6b", "#b0892a"]
INK, FAINT = "#222222", "#dddddd"


class Canvas:
    def __init__(self, width, height):
        self.width, self.height, self.parts = width, height, []

    def line(self, x1, y1, x2, y2, colour=INK, width=1.0):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
                          f'stroke-width="{width}"/>')

    def path(self, points, colour):
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{text}" fill="none" stroke="{colour}" stroke-width="2"/>')

    def dot(self, x, y, colour):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>')

    def box(self, x, y, width, height, colour):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" '
                          f'fill="{colour}"/>')

    def text(self, x, y, text, anchor="start", size=13, colour=INK, bold=False):
        weight = ' font-weight="bold"' if bold else ""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"'
                          f'{weight}>{escape(text)}</text>')

    def write(self, path):
        with open(path, "w") as file:
            file.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
                       f'viewBox="0 0 {self.width} {self.height}" font-family="sans-serif">\n'
                       f'<rect width="100%" height="100%" fill="white"/>\n')
            file.write("\n".join(self.parts))
            file.write("\n</svg>\n")


def number(value):
    if value >= 1_000_000:
        return f"{value / 1_000_000:g} M"
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def powers(low, high):
    """The powers of ten that enclose low and high."""
    return range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)


def log_log(path, title, x_title, y_title, series):
    """Lines over two logarithmic axes. `series`: {name: [(x, y), ...]}, all positive."""
    canvas = Canvas(800, 460)
    left, right, top, bottom = 80, 620, 60, 400
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    x_powers, y_powers = powers(min(xs), max(xs)), powers(min(ys), max(ys))

    def place_x(x):
        return left + (math.log10(x) - x_powers[0]) / max(x_powers[-1] - x_powers[0], 1) * (right - left)

    def place_y(y):
        return bottom - (math.log10(y) - y_powers[0]) / max(y_powers[-1] - y_powers[0], 1) * (bottom - top)

    canvas.text(left, 30, title, size=16, bold=True)
    for power in y_powers:
        canvas.line(left, place_y(10 ** power), right, place_y(10 ** power), FAINT)
        canvas.text(left - 8, place_y(10 ** power) + 4, number(10 ** power), "end")
    for power in x_powers:
        canvas.line(place_x(10 ** power), top, place_x(10 ** power), bottom, FAINT)
        canvas.text(place_x(10 ** power), bottom + 20, number(10 ** power), "middle")
    canvas.line(left, bottom, right, bottom)
    canvas.line(left, top, left, bottom)
    canvas.text((left + right) / 2, bottom + 44, x_title, "middle")
    canvas.text(left, top - 12, y_title)
    taken = []
    for index, (name, points) in enumerate(series.items()):
        colour = COLOURS[index % len(COLOURS)]
        places = [(place_x(x), place_y(y)) for x, y in points]
        canvas.path(places, colour)
        for place, (x, y) in zip(places, points):
            # The lowest line has its figures below, so that they do not meet the others'.
            lowest = len(series) > 1 and all(y <= other_y for others in series.values()
                                             for other_x, other_y in others if other_x == x)
            canvas.dot(*place, colour)
            canvas.text(place[0] + (16 if place[0] == left else 0), place[1] + (18 if lowest else -9), number(y),
                        "middle", 11, colour)
        label = places[-1][1] + 4
        while any(abs(label - other) < 16 for other in taken):
            label += 16
        taken.append(label)
        canvas.text(right + 12, label, name, colour=colour, bold=True)
    canvas.write(path)


def bars(path, title, unit, rows):
    """One bar a row, with its figure. `rows`: [(label, value), ...]."""
    canvas = Canvas(760, 70 + 34 * len(rows))
    left, right = 230, 610
    most = max([value for _, value in rows] + [1e-9])

    canvas.text(20, 30, title, size=16, bold=True)
    for index, (label, value) in enumerate(rows):
        y = 55 + 34 * index
        canvas.text(left - 10, y + 16, label, "end")
        canvas.box(left, y, (right - left) * max(value, 0) / most, 22, COLOURS[0])
        canvas.text(left + (right - left) * max(value, 0) / most + 8, y + 16, f"{number(value)} {unit}")
    canvas.write(path)


def stacks(path, title, unit, names, rows):
    """One bar a row, made of parts. `rows`: [(label, [value, ...]), ...]."""
    canvas = Canvas(760, 100 + 34 * len(rows))
    left, right = 170, 610
    most = max([sum(values) for _, values in rows] + [1e-9])

    canvas.text(20, 30, title, size=16, bold=True)
    for index, name in enumerate(names):
        canvas.box(left + index * 110, 44, 14, 14, COLOURS[index])
        canvas.text(left + index * 110 + 20, 56, name)
    for index, (label, values) in enumerate(rows):
        x, y = left, 75 + 34 * index
        canvas.text(left - 10, y + 16, label, "end")
        for part, value in enumerate(values):
            width = (right - left) * value / most
            canvas.box(x, y, width, 22, COLOURS[part])
            if width > 26:
                canvas.text(x + width / 2, y + 16, number(value), "middle", 12, "white")
            x += width
        canvas.text(x + 8, y + 16, f"{number(sum(values))} {unit}")
    canvas.write(path)

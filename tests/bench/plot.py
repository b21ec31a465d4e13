"""Draws the figures of the benchmarks: plot.py FILE.json writes FILE.AREA.svg beside it, for each area.

Rows that stand on lines (those of `scale`) make charts of lines, all others one chart of their ratios.
"""
import json
import math
import sys
from html import escape
from pathlib import Path

LIGHT = {"text": "#1f2328", "quiet": "#59636e", "page": "#ffffff", "grid": "#d1d9e0", "open": "#7d8590",
         "lines": ["#2f6fb5", "#c2410c", "#2d7d46", "#8250df"]}
DARK = {"text": "#e6edf3", "quiet": "#9198a1", "page": "#0d1117", "grid": "#3d444d", "open": "#9198a1",
        "lines": ["#6cb0f5", "#ff9b5e", "#6fdd8b", "#c297ff"]}


def colours(c):
    rules = [f"text {{ fill: {c['text']}; }}", f".quiet {{ fill: {c['quiet']}; }}", f".page {{ fill: {c['page']}; }}",
             f".grid {{ stroke: {c['grid']}; }}", f".axis {{ stroke: {c['quiet']}; }}", f".open {{ fill: {c['open']}; }}",
             f".met {{ fill: {c['lines'][0]}; }}", f".missed {{ fill: {c['lines'][1]}; }}"]
    for i, line in enumerate(c["lines"]):
        rules += [f".l{i} {{ stroke: {line}; }}", f".d{i} {{ fill: {line}; }}"]
    return "\n".join(rules)


STYLE = f"""
text {{ font: 12px system-ui, "DejaVu Sans", sans-serif; }}
.title {{ font-size: 15px; font-weight: 600; }}
polyline {{ fill: none; stroke-width: 2; }}
.key {{ stroke-width: 2; }}
.raw {{ stroke-dasharray: 5 4; }}
{colours(LIGHT)}
@media (prefers-color-scheme: dark) {{
{colours(DARK)}
}}
"""


def text(x, y, what, anchor="start", kind=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(what)}</text>'


def stroke(x1, y1, x2, y2, kind):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def page(width, height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
            f"<style>{STYLE}</style>" f'<rect class="page" width="{width}" height="{height}"/>' + "\n".join(parts) + "</svg>\n")


def short(n):
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if n >= size:
            return f"{n / size:.3g}{letter}"
    return f"{n:.3g}"


def less_is_better(row):
    return row["unit"] != "tasks/s"


def bars(area, rows):
    """Ratios on a logarithmic axis; a bar goes from 1, which is what is compared with."""
    label, plot, value, line = 470, 260, 400, 24
    far = max(2.0, *(max(r["ratio"], 1 / r["ratio"]) for r in rows)) * 1.05
    at = lambda ratio: label + plot / 2 * (1 + math.log(ratio) / math.log(far))
    top, bottom = 62, 62 + line * len(rows)
    out = [text(16, 26, f"{area}: ours against the ceiling or peer of the same run", kind="title"),
           text(16, 44, "medians; blue: the bar is met, orange: it is not, grey: there is none", kind="quiet")]
    for mark in (0.1, 0.2, 0.5, 2, 5, 10) if far < 20 else (0.001, 0.01, 0.1, 10, 100, 1000):
        if 1 / far < mark < far:
            out += [stroke(at(mark), top, at(mark), bottom, "grid"), text(at(mark), bottom + 16, f"{mark:g}", "middle", "quiet")]
    for i, r in enumerate(rows):
        y = top + line * i
        kind = {True: "met", False: "missed", None: "open"}[r["met"]]
        x1, x2 = sorted((at(1), at(r["ratio"])))
        less = " (less is better)" if less_is_better(r) else ""
        out += [text(label - 10, y + 16, f'{r["id"]}  {r["what"]}{less}'[:78], "end"),
                f'<rect x="{x1:.1f}" y="{y + 5}" width="{max(1.5, x2 - x1):.1f}" height="{line - 9}" rx="2" class="{kind}"/>',
                text(label + plot + 10, y + 16, f'{r["ratio"]:.3g} x {r["ceiling_name"]}'[:64], kind="quiet")]
    out += [stroke(at(1), top - 4, at(1), bottom + 4, "axis"), text(at(1), bottom + 16, "1", "middle")]
    return page(label + plot + value, bottom + 30, out)


class Scale:
    """Of the y axis: from 0, or logarithmic where the values lie far apart."""

    def __init__(self, values, top, bottom):
        self.top, self.bottom = top, bottom
        self.log = min(values) > 0 and max(values) / min(values) > 20
        if self.log:
            self.low, self.high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
            self.marks = [10.0 ** e for e in range(self.low, self.high + 1)]
        else:
            step = 10 ** math.floor(math.log10(max(values)))
            step = next(s for s in (step / 5, step / 2, step, 2 * step) if max(values) / s <= 6)
            self.low, self.high = 0, math.ceil(max(values) / step) * step
            self.marks = [step * i for i in range(round(self.high / step) + 1)]

    def at(self, value):
        v = math.log10(value) if self.log else value
        return self.bottom - (self.bottom - self.top) * (v - self.low) / (self.high - self.low)


def panel(rows, top, width, height):
    """One chart of lines: ours, and what is compared with, broken, in the same colour."""
    left, right, bottom = 90, width - 30, top + height - 46
    xs = sorted({r["x"] for r in rows})
    at = lambda x: left + (right - left) * (xs.index(x) + 0.5) / len(xs)
    y = Scale([v for r in rows for v in (r["value"], r["ceiling"]) if v], top + 62, bottom)
    depth = rows[0]["id"] == "Z1"
    title = "Cost of a task's lease by tasks waiting" if depth else "Whole lives by worker processes"
    out = [text(16, top + 24, f"{title}, {rows[0]['unit']}", kind="title")]
    for mark in y.marks:
        out += [stroke(left, y.at(mark), right, y.at(mark), "grid"),
                text(left - 8, y.at(mark) + 4, short(mark), "end", "quiet")]
    out += [text(at(x), bottom + 18, short(x), "middle", "quiet") for x in xs]
    out.append(text((left + right) / 2, bottom + 36, "tasks waiting" if depth else "worker processes", "middle", "quiet"))
    legend = 16
    for i, name in enumerate(dict.fromkeys(r["line"] for r in rows)):
        of = [r for r in rows if r["line"] == name]
        for key, kind, what in (("value", "", name), ("ceiling", " raw", of[0]["ceiling_name"])):
            points = [(at(r["x"]), y.at(r[key])) for r in of if r[key]]
            if not points:
                continue
            path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
            out.append(f'<polyline points="{path}" class="l{i}{kind}"/>')
            if key == "value":
                out += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3.5" class="d{i}"/>' for px, py in points]
            out.append(stroke(legend, top + 40, legend + 26, top + 40, f"key l{i}{kind}"))
            out.append(text(legend + 32, top + 44, what, kind="quiet" if kind else ""))
            legend += 54 + 6.6 * len(what)
    return out, legend


def lines(area, rows):
    charts, height = list(dict.fromkeys(r["id"] for r in rows)), 360
    width = max([900] + [math.ceil(panel([r for r in rows if r["id"] == c], 0, 900, height)[1]) for c in charts])
    parts = [p for i, c in enumerate(charts) for p in panel([r for r in rows if r["id"] == c], i * height, width, height)[0]]
    return page(width, height * len(charts) + 10, parts)


def main(path):
    rows = json.loads(Path(path).read_text())
    for area in dict.fromkeys(r["area"] for r in rows):
        of = [r for r in rows if r["area"] == area]
        on_lines = [r for r in of if "line" in r and r["value"]]
        compared = [r for r in of if r.get("ratio")]
        if not on_lines and not compared:
            continue
        file = Path(path).with_suffix(f".{area}.svg")
        file.write_text(lines(area, on_lines) if on_lines else bars(area, compared))
        print(file)


main(sys.argv[1])

#!/usr/bin/env python3
"""Draws a Grafana dashboard from its own file: each panel at its place, from what a Prometheus answers to the panel's queries.
It is no Grafana: it knows the panels, units and options that the files in deploy/grafana use, and fails at any other.

    deploy/checks/draw.py --prometheus URL --dashboard FILE --minutes 15 --out FILE.png

Needs Python and, for a picture, Chromium (`--chromium`); a page (`--out FILE.html`) needs neither it nor the network.
"""

import argparse
import html
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

# What Grafana calls `green` and so on in its dark theme, and the order in which it hands colours out.
COLOURS = {"green": "#73bf69", "yellow": "#fade2a", "blue": "#5794f2", "orange": "#ff9830", "red": "#f2495c"}
PALETTE = [*COLOURS.values(), "#b877d9", "#70dbed", "#ca95e5", "#f9934e", "#96d98d", "#ffee52", "#8ab8ff", "#ffb357",
           "#ff7383", "#e0b400", "#3274d9", "#a352cc", "#c4162a"]  # fmt: skip
# From nothing to much: the dark end of Grafana's `Oranges`.
HEAT = [(46, 26, 16), (127, 63, 20), (230, 120, 40), (255, 225, 170)]
# A dashboard is 24 columns wide; one row of its grid is as high as in Grafana. Pixels.
WIDTH, COLUMNS, ROW, GAP, TOP = 1280, 24, 38, 8, 46
STYLE = """
body{margin:0;background:#111217;color:#ccccdc;font:12px 'DejaVu Sans',sans-serif;position:relative}
h1{font-size:15px;font-weight:normal;margin:0;padding:14px 10px}h1 span{color:#8e8e9c;font-size:12px;float:right}
section{position:absolute;background:#181b1f;border:1px solid #2a2d33;border-radius:2px;overflow:hidden}
h2{font-size:12px;font-weight:bold;margin:0;padding:7px 8px;height:14px;white-space:nowrap}
table{border-collapse:collapse;position:absolute;right:6px;top:26px;font-size:11px}
th{color:#6e9fff;font-weight:normal;text-align:right;padding:1px 5px}td{text-align:right;padding:1px 5px;white-space:nowrap}
td:first-child{text-align:left;max-width:240px;overflow:hidden;text-overflow:ellipsis}
i{display:inline-block;width:12px;height:3px;margin-right:6px;vertical-align:middle}
svg{position:absolute}text{fill:#9d9dab;font-size:11px}.none{position:absolute;top:45%;width:100%;text-align:center;color:#8e8e9c}
.stat{position:absolute;bottom:0;text-align:center;color:#fff;overflow:hidden}
.stat b{display:block;font-size:26px;position:relative;z-index:1}.stat em{font-style:normal;position:relative;z-index:1}
"""


def tell(value, unit):
    """A value as Grafana writes it, as far as these dashboards have units."""
    if unit == "s":
        for least, factor, name in ((1, 1, "s"), (1e-3, 1e3, "ms"), (0, 1e6, "µs")):
            if abs(value) >= least:
                return f"{value * factor:.3g} {name}"
    if unit == "percentunit":
        return f"{value * 100:.3g} %"
    rate = {"reqps": " req/s", "cps": " c/s", "short": ""}[unit]
    for least, name in ((1e6, " M"), (1e3, " K")):
        if abs(value) >= least:
            return f"{value / least:.3g}{name}{rate}"
    return f"{value:.3g}{rate}"


class Window:
    """What is looked at: a time, in steps, of a Prometheus; and what variables stand for."""

    def __init__(self, args):
        self.url, self.end = args.prometheus.rstrip("/"), args.end or time.time()
        self.start = self.end - args.minutes * 60
        # As Grafana reckons: no more points than half a panel has pixels, and not finer than what is scraped.
        self.step = max(args.scrape_seconds, math.ceil(args.minutes * 60 / (WIDTH / 2)))
        interval = max(4 * args.scrape_seconds, self.step + args.scrape_seconds)
        self.variables = {"__rate_interval": f"{interval}s", "service": args.service}
        self.times = [self.start + n * self.step for n in range(int((self.end - self.start) / self.step) + 1)]

    def filled(self, text):
        """A text with its variables put in; one that is not known is a fault."""
        return re.sub(r"\$(\w+)", lambda it: self.variables[it[1]], text)

    def ask(self, target):
        """The series of a target: labels, name in the legend, and a value or None for each moment."""
        last = len(self.times) - 1
        if target.get("instant"):
            path, asked = "query", {"time": self.times[last]}
        else:
            path, asked = "query_range", {"start": self.start, "end": self.end, "step": self.step}
        asked["query"] = self.filled(target["expr"])
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(asked)}", timeout=60) as said:
            answer = json.load(said)["data"]["result"]
        for series in answer:
            labels = series["metric"]
            name = re.sub(r"\{\{(\w+)\}\}", lambda it: labels.get(it[1], ""), target["legendFormat"])
            values = [None] * (last + 1)
            for at, value in series.get("values") or [series["value"]]:
                if not math.isnan(float(value)):
                    values[round((at - self.start) / self.step)] = float(value)
            yield labels, name, values

    def x(self, n, width):
        """Where a moment is on a plot of that width."""
        return n * width / max(1, len(self.times) - 1)


def ticks(most, unit):
    """Round values from zero to at least `most`, five or so of them."""
    if unit == "short" and most <= 5:
        return list(range(max(1, math.ceil(most)) + 1))
    rough = most / 4 or 0.25
    power = 10 ** math.floor(math.log10(rough))
    step = power * next(it for it in (1, 2, 2.5, 5, 10) if it * power >= rough)
    return [n * step for n in range(math.ceil(most / step - 1e-9) + 1)]


def linear(values, unit, height):
    """Where a value is on a plot of that height, from above, and the marks beside it."""
    steps = ticks(max(values), unit)
    return lambda it: height * (1 - it / steps[-1]), [(height * (1 - it / steps[-1]), tell(it, unit)) for it in steps]


def logarithmic(values, unit, height):
    """The same by powers of ten; what is not above zero is at the bottom."""
    powers = [math.log10(it) for it in values if it > 0] or [0]
    least = math.floor(min(powers))
    span = max(1, math.ceil(max(powers)) - least)
    marks = [(height * (1 - n / span), tell(10 ** (least + n), unit)) for n in range(span + 1)]
    return lambda it: height * (1 - (math.log10(max(it, 10**least)) - least) / span), marks


def axes(window, width, height, marks):
    """Lines, labels of the values and times of day; `marks` are heights from above with their labels."""
    for y, label in marks:
        yield f'<line x1="0" x2="{width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#2a2d33"/>'
        yield f'<text x="-6" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
    every = next(it for it in (60, 120, 300, 600, 1800, 3600, 7200) if (window.end - window.start) / it * 60 <= width)
    at = math.ceil(window.start / every) * every
    while at <= window.end:
        x = (at - window.start) / (window.end - window.start) * width
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height}" stroke="#22252b"/>'
        yield f'<text x="{x:.1f}" y="{height + 15}" text-anchor="middle">{time.strftime("%H:%M", time.localtime(at))}</text>'
        at += every


def runs(values):
    """Stretches without a gap."""
    run = []
    for n, value in enumerate([*values, None]):
        if value is not None:
            run.append(n)
        elif run:
            yield run
            run = []


def coloured(panel, names):
    """A colour for each name: what the panel says, else the next one."""
    colours = {name: PALETTE[n % len(PALETTE)] for n, name in enumerate(names)}
    for it in panel["fieldConfig"]["overrides"]:
        wanted = it["matcher"]["options"]
        pattern = {"byName": re.escape(wanted) + "$", "byRegexp": wanted.strip("/")}[it["matcher"]["id"]]
        for name in filter(re.compile(pattern).match, names):
            colours[name] = COLOURS[it["properties"][0]["value"]["fixedColor"]]
    return colours


def legend(series, colours, unit, height):
    """The table beside a plot: what is last, and what is most. Where Grafana would scroll, it says how many more."""
    yield "<table><tr><th></th><th>Last *</th><th>Max</th></tr>"
    fit = int(height / 17) - 1
    fit -= len(series) > fit
    for name, values in series[:fit]:
        there = [it for it in values if it is not None]
        last, most = (tell(it, unit) for it in (there[-1], max(there)))
        yield f'<tr><td><i style="background:{colours[name]}"></i>{html.escape(name)}</td><td>{last}</td><td>{most}</td></tr>'
    yield f"<tr><td>and {len(series) - fit} more</td></tr></table>" if len(series) > fit else "</table>"


def timeseries(panel, window, size):
    """Lines, or areas upon each other."""
    series = [(name, values) for target in panel["targets"] for _, name, values in window.ask(target)]
    series = [it for it in series if any(value is not None for value in it[1])]
    if not series:
        yield '<div class="none">No data</div>'
        return
    series.sort(key=lambda it: it[0]) if len(panel["targets"]) == 1 else None
    defaults = panel["fieldConfig"]["defaults"]
    unit, custom = defaults["unit"], defaults["custom"]
    colours = coloured(panel, [name for name, _ in series])
    letters = min(38, max(len(name) for name, _ in series))
    for edge in (lambda it: it[-1], max):
        letters += max(len(tell(edge([it for it in values if it is not None]), unit)) for _, values in series)
    left, width, height = 70, size[0] - 150 - 6.4 * letters, size[1] - 60
    stacked = custom.get("stacking", {}).get("mode") == "normal"
    below = [0.0] * len(window.times)
    drawn = []
    for name, values in series:
        top = [None if it is None else it + (low if stacked else 0) for it, low in zip(values, below)]
        drawn.append((name, top, below))
        below = [low if it is None else it for it, low in zip(top, below)] if stacked else below
    present = [it for _, top, _ in drawn for it in top if it is not None]
    is_log = custom.get("scaleDistribution", {}).get("type") == "log"
    y, marks = (logarithmic if is_log else linear)(present, unit, height)
    yield f'<svg style="left:{left}px;top:34px" width="{width}" height="{height + 20}" overflow="visible">'
    yield from axes(window, width, height, marks)
    for name, top, low in drawn:
        for run in runs(top):
            line = " ".join(f"{window.x(n, width):.1f},{y(top[n]):.1f}" for n in run)
            floor = " ".join(f"{window.x(n, width):.1f},{y(low[n]) if low[n] else height:.1f}" for n in reversed(run))
            yield f'<polygon points="{line} {floor}" fill="{colours[name]}" fill-opacity="{custom["fillOpacity"] / 100}"/>'
            yield f'<polyline points="{line}" fill="none" stroke="{colours[name]}" stroke-width="1.3"/>'
    yield "</svg>"
    if panel["options"]["legend"].get("sortDesc"):
        series.sort(key=lambda it: max(value for value in it[1] if value is not None), reverse=True)
    yield from legend(series, colours, unit, size[1] - 28)


def stat(panel, window, size):
    """Numbers on the colour of the last threshold that they reached, with their course behind them."""
    series = [(name, values) for target in panel["targets"] for _, name, values in window.ask(target)]
    series = [it for it in series if any(value is not None for value in it[1])]
    if not series:
        yield '<div class="none">No data</div>'
    defaults = panel["fieldConfig"]["defaults"]
    width, height = size[0] / max(1, len(series)), size[1] - 28
    for n, (name, values) in enumerate(series):
        there = [it for it in values if it is not None]
        steps = defaults.get("thresholds", {}).get("steps", [{"color": "green", "value": None}])
        colour = [it["color"] for it in steps if it["value"] is None or there[-1] >= it["value"]][-1]
        text = f"<em>{html.escape(name)}</em>" if len(series) > 1 or panel["options"]["textMode"] == "value_and_name" else ""
        most = max(max(there), 1e-9)
        line = " ".join(f"{window.x(n, width):.1f},{height * (1 - 0.5 * it / most):.1f}" for n, it in enumerate(values) if it is not None)
        yield f'<div class="stat" style="left:{n * width:.1f}px;width:{width - 2:.1f}px;height:{height}px;background:{COLOURS[colour]}bb">'
        if panel["options"]["graphMode"] == "area":
            yield f'<svg style="left:0;top:0" width="{width:.0f}" height="{height}"><polyline points="{line}" fill="none" stroke="#fff" stroke-opacity=".45"/></svg>'
        yield f'<div style="padding-top:{height / 2 - (28 if text else 18):.0f}px">{text}<b>{tell(there[-1], defaults["unit"])}</b></div></div>'


def heatmap(panel, window, size):
    """How many fell into each bucket; Prometheus counts what is at most so much."""
    series = [it for target in panel["targets"] for it in window.ask(target)]
    series = sorted(((float(labels["le"]), values) for labels, _, values in series), key=lambda it: it[0])
    lower = [0.0] * len(window.times)
    cells = []
    for bound, values in series:
        cells.append((bound, [0 if it is None else max(0, it - low) for it, low in zip(values, lower)]))
        lower = [low if it is None else it for it, low in zip(values, lower)]
    most = max((it for _, values in cells for it in values), default=0)
    if not most:
        yield '<div class="none">No data</div>'
        return
    unit, exponent = panel["options"]["yAxis"]["unit"], panel["options"]["color"]["exponent"]
    left, width, height = 70, size[0] - 92, size[1] - 60
    high, wide = height / len(cells), width / len(window.times)
    yield f'<svg style="left:{left}px;top:34px" width="{width}" height="{height + 20}" overflow="visible">'
    edges = [(height - (n + 1) * high, "" if math.isinf(bound) else tell(bound, unit)) for n, (bound, _) in enumerate(cells)]
    yield from axes(window, width, height, edges[::3])
    for n, (_, values) in enumerate(cells):
        for k, it in enumerate(values):
            if it > 0:
                yield f'<rect x="{k * wide:.1f}" y="{height - (n + 1) * high:.1f}" width="{wide - 1:.1f}" height="{high - 1:.1f}" fill="{heat((it / most) ** exponent)}"/>'
    yield "</svg>"


def heat(share):
    """A colour for a share of the most."""
    at = share * (len(HEAT) - 1)
    n = min(int(at), len(HEAT) - 2)
    return "#" + "".join(f"{round(a + (b - a) * (at - n)):02x}" for a, b in zip(HEAT[n], HEAT[n + 1]))


def page(board, window):
    """The dashboard as a page, and its height in pixels."""
    column = (WIDTH - GAP) / COLUMNS
    span = " to ".join(time.strftime("%Y-%m-%d %H:%M", time.localtime(it)) for it in (window.start, window.end))
    parts = [f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>"]
    title = window.filled(" · $service" if any(it["name"] == "service" for it in board["templating"]["list"]) else "")
    parts.append(f"<h1>{html.escape(board['title'] + title)}<span>{span}, drawn by deploy/checks/draw.py</span></h1>")
    bottom = 0
    for panel in board["panels"]:
        at = panel["gridPos"]
        size = (at["w"] * column - GAP - 2, at["h"] * ROW - GAP - 2)
        bottom = max(bottom, TOP + (at["y"] + at["h"]) * ROW)
        place = f"left:{GAP + at['x'] * column:.0f}px;top:{TOP + at['y'] * ROW}px;width:{size[0]:.0f}px;height:{size[1]}px"
        draw = {"timeseries": timeseries, "stat": stat, "heatmap": heatmap}[panel["type"]]
        parts += [f'<section style="{place}"><h2>{html.escape(panel["title"])}</h2>', *draw(panel, window, size), "</section>"]
    return "\n".join(parts), bottom


def main():
    """Writes the page, or has Chromium make a picture of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090", metavar="URL", help="whom to ask")
    parser.add_argument("--dashboard", required=True, metavar="FILE", help="one of deploy/grafana/dashboards")
    parser.add_argument("--minutes", type=float, default=15, help="how long a time, to its end")
    parser.add_argument("--end", type=float, metavar="SECONDS", help="the end, since 1970; now")
    parser.add_argument("--service", default="enrolment", metavar="NAME", help="what $service stands for")
    parser.add_argument("--scrape-seconds", type=int, default=15, help="how often Prometheus looks at the services")
    parser.add_argument("--out", required=True, metavar="FILE", help="a .png or .html")
    parser.add_argument("--chromium", default="chromium", metavar="PROGRAM", help="what makes the picture")
    args = parser.parse_args()
    with open(args.dashboard, encoding="utf-8") as file:
        board = json.load(file)
    text, height = page(board, Window(args))
    out = pathlib.Path(args.out).absolute()
    if out.suffix == ".html":
        out.write_text(text, encoding="utf-8")
        return
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "page.html")
        source.write_text(text, encoding="utf-8")
        command = [args.chromium, "--headless", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/profile"]
        # Chromium's own sandbox does not work for root; it shows nothing but the page above.
        command += ["--no-sandbox"] if os.geteuid() == 0 else []
        command += [f"--window-size={WIDTH},{height}", f"--screenshot={out}", source.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not out.exists():
            sys.exit(f"{args.chromium} made no picture: {done.stderr[-600:]}")


if __name__ == "__main__":
    main()

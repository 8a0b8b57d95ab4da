"""Whether dashboards and alerts ask for what services really show: `boards.py queries FILE` writes all that dashboards ask
as rules for promtool, `boards.py metrics FILE...` holds every name against pages that services showed."""

import glob
import json
import re
import sys

import draw
import yaml

# What Prometheus makes itself.
ITS_OWN = {"up", "ALERTS"}
# Words of the language that a name may be taken for.
NAME = re.compile(r"\b(studium_[a-z_]+|up|ALERTS)\b(?=[{\[)\s]|$)")


def boards():
    """Every dashboard with its file's name."""
    for path in sorted(glob.glob("deploy/grafana/dashboards/*.json")):
        with open(path, encoding="utf-8") as file:
            yield path, json.load(file)


def alerts():
    """Every alert."""
    with open("deploy/prometheus/alerts.yaml", encoding="utf-8") as file:
        return [rule for group in yaml.safe_load(file)["groups"] for rule in group["rules"]]


def asked():
    """Every expression, with who asks."""
    for path, board in boards():
        for panel in board["panels"]:
            for target in panel["targets"]:
                # As Grafana would fill it in.
                filled = target["expr"].replace("$__rate_interval", "1m").replace("$service", "enrolment")
                yield f"{path}: {panel['title']}", filled
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                yield f"{path}: ${variable['name']}", re.sub(r"label_values\((\w+), \w+\)", r"\1", variable["definition"])
    for rule in alerts():
        yield f"alert {rule['alert']}", rule["expr"]
    with open("deploy/kubernetes/studium/templates/optional.yaml", encoding="utf-8") as file:
        for line in file:
            if line.strip().startswith("query: "):
                yield "the chart's autoscaling", re.sub(r"\{\{.*?\}\}", '"enrolment"', line.split("query: ")[1].strip())


class Made(draw.Window):
    """Answers that nobody gave."""

    def __init__(self):
        self.start, self.end, self.step, self.times = 0, 600, 60, [60 * n for n in range(11)]
        self.variables = {"__rate_interval": "60s", "service": "enrolment"}

    def ask(self, target):
        """Two series, the second with a gap; as buckets the second holds more."""
        self.filled(target["expr"])
        for n, bound in ((1, "0.1"), (2, "+Inf")):
            yield {"le": bound}, f"{target['legendFormat']} {n}", [None if n == 2 and k == 5 else n * k for k in range(11)]


def of_forms():
    """What is wrong with a dashboard or an alert as a file."""
    seen = set()
    for path, board in boards():
        ids = [it["id"] for it in board["panels"]]
        if len(set(ids)) != len(ids) or board["uid"] in seen:
            yield f"{path}: an id is used twice"
        seen.add(board["uid"])
        try:
            draw.page(board, Made())
        except (KeyError, IndexError) as unknown:
            yield f"{path}: deploy/checks/draw.py cannot draw it, it does not know {unknown}"
    with open("docs/runbooks.md", encoding="utf-8") as file:
        headings = {line[3:].strip() for line in file if line.startswith("## ")}
    names = {rule["alert"] for rule in alerts()}
    for name in names ^ headings:
        yield f"{name}: an alert without a paragraph in docs/runbooks.md, or the other way round"
    for rule in alerts():
        if rule["annotations"]["runbook"] != f"docs/runbooks.md#{rule['alert'].lower()}":
            yield f"{rule['alert']}: the link leads elsewhere"


def main():
    """Prints everything that is wrong at once."""
    command, *files = sys.argv[1:]
    if command == "queries":
        rules = [{"record": f"asked:{n}", "expr": expr} for n, (_, expr) in enumerate(asked())]
        with open(files[0], "w", encoding="utf-8") as file:
            yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}, file)
        wrong = list(of_forms())
    else:
        shown = set()
        for path in files:
            with open(path, encoding="utf-8") as file:
                lines = [line for line in file if line.startswith("studium_")]
            shown |= {re.split(r"[{ ]", line)[0] for line in lines}
        used = {name: who for who, expr in asked() for name in NAME.findall(expr)}
        wrong = [f"{who}: no service shows {name}" for name, who in used.items() if name not in shown | ITS_OWN]
        # A histogram is shown as three names, and its buckets are what is asked for.
        plain = {re.sub(r"_(sum|count)$", "_bucket", it) for it in shown}
        wrong += [f"nothing shows {name}, which services count" for name in sorted(plain - used.keys())]
        print(f"{len(used)} names are asked for, {len(shown)} are shown")
    if wrong:
        sys.exit("\n".join(wrong))


main()

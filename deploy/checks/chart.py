"""Lints and renders the chart with Helm's own library, holds all of it against the schemas of Kubernetes, and looks for
what a pod must be denied."""

import copy
import sys
import warnings

import yaml
from helm_python import HelmError, chart
import kubernetes_validate

CHART = "deploy/kubernetes/studium"
VERSION = "1.37"
SAID = {"issuer": "https://id.example", "publicUrl": "https://university.example"}
EVERYTHING = {
    "gateway": {"enabled": True, "parentRefs": [{"name": "studium"}], "hostnames": ["university.example"]},
    "autoscaling": {"enabled": True},
    "podMonitor": {"enabled": True},
    "image": {"digest": "sha256:" + "0" * 64},
}
# A service beside the platform's.
BESIDE = {"port": 7406, "secret": "studium-feedback", "paths": ["/feedback.v1."], "image": "registry.example/feedback:1"}
# Kinds of others, for which Kubernetes itself has no schema.
OF_OTHERS = {"HTTPRoute", "ScaledObject", "PodMonitor"}


def rendered(values):
    """Every object of the chart with these values."""
    with chart.Chart.load(CHART) as it:
        texts = it.render(values, name="studium", namespace="studium").values()
    return [one for text in texts for one in yaml.safe_load_all(text) if one]


def of_pod(name, pod):
    """What a pod may that it must not."""
    said = pod["securityContext"]
    if not (said.get("runAsNonRoot") and said.get("seccompProfile") == {"type": "RuntimeDefault"}):
        yield f"{name}: may be root, or make any system call"
    if pod.get("automountServiceAccountToken") is not False:
        yield f"{name}: has a token of the cluster"
    for container in pod["containers"]:
        denied = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
        if container["securityContext"] != denied:
            yield f"{name}: its container may more than it needs"
        if {"livenessProbe", "readinessProbe", "startupProbe"} - container.keys():
            yield f"{name}: nobody asks whether it lives and is ready"
        if not container["resources"].get("limits", {}).get("memory") or not container["resources"].get("requests"):
            yield f"{name}: no limit of memory, or nothing that it asks for"
        for it in container["env"]:
            if "value" in it and ("://" in it["value"] and "@" in it["value"]):
                yield f"{name}: {it['name']} holds a password"


def of_all(objects, services=5):
    """What is missing beside a Deployment, or wrong with it."""
    named = {(it["kind"], it["metadata"]["name"]): it for it in objects}
    if len(named) != len(objects):
        yield "two objects have one name"
    deployments = [it for it in objects if it["kind"] == "Deployment"]
    if len(deployments) != services:
        yield f"there are {len(deployments)} deployments"
    for it in deployments:
        name = it["metadata"]["name"]
        yield from of_pod(name, it["spec"]["template"]["spec"])
        for kind in ("Service", "ServiceAccount", "PodDisruptionBudget", "NetworkPolicy"):
            if (kind, name) not in named:
                yield f"{name}: no {kind}"
    nothing = named.get(("NetworkPolicy", "studium-nothing"), {}).get("spec", {})
    if set(nothing.get("policyTypes", [])) != {"Ingress", "Egress"} or "ingress" in nothing or "egress" in nothing:
        yield "what no policy allows is not denied"


def of_schemas(objects):
    """What the schemas of Kubernetes do not know or allow."""
    for it in objects:
        if it["kind"] in OF_OTHERS:
            continue
        try:
            kubernetes_validate.validate(copy.deepcopy(it), VERSION, strict=True)
        except kubernetes_validate.ValidationError as e:
            yield f"{it['kind']} {it['metadata']['name']}: {e.message} at {'.'.join(map(str, e.path))}"


def main():
    """Prints everything that is wrong at once."""
    warnings.simplefilter("ignore")
    report = chart.lint(CHART, SAID, strict=True)
    # 1 is a piece of advice: Helm would like to have an icon.
    wrong = report["errors"] + [it["error"] for it in report["messages"] if it["severity"] > 1]
    for missing in SAID:
        try:
            rendered({key: value for key, value in SAID.items() if key != missing})
            wrong.append(f"the chart renders without {missing}")
        except HelmError as e:
            if f"--set {missing}=" not in str(e):
                wrong.append(f"without {missing} the chart says: {e}")
    count = 0
    for values in (SAID, SAID | EVERYTHING):
        objects = rendered(values)
        count += len(objects)
        wrong += [*of_all(objects), *of_schemas(objects)]
    objects = rendered(SAID | EVERYTHING | {"services": {"feedback": BESIDE}})
    wrong += [*of_all(objects, 6), *of_schemas(objects)]
    pods = {it["metadata"]["name"]: it["spec"]["template"]["spec"] for it in objects if it["kind"] == "Deployment"}
    started = {name: (it["containers"][0]["image"], it["containers"][0].get("args")) for name, it in pods.items()}
    if started["feedback"] != (BESIDE["image"], None) or started["campus"][1] != ["serve", "campus"]:
        wrong.append(f"who starts what: {started}")
    with open("deploy/kubernetes/nats-values.yaml", encoding="utf-8") as file:
        config = yaml.safe_load(file)["config"]
    if config["jetstream"]["merge"] != {"sync_interval": "always"} or config["cluster"]["replicas"] != 3:
        wrong.append("nats-values.yaml: three nodes that sync always")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{count} objects are valid for Kubernetes {VERSION} and keep the rules")


main()

"""What every container in docker-compose.yml is denied: reads the file as `docker-compose config --format json` has it."""

import json
import sys


def problems(name, it):
    """What is wrong with one service, a sentence each."""
    once = it.get("network_mode") == "none" and "restart" in it and it["restart"] == "no"
    if not it.get("read_only"):
        yield "may write to its image"
    if it.get("cap_drop") != ["ALL"]:
        yield "keeps capabilities"
    if "no-new-privileges:true" not in it.get("security_opt", []):
        yield "may gain privileges"
    if it.get("privileged") or it.get("pid") or it.get("network_mode") == "host":
        yield "sees its host"
    user = str(it.get("user", "")).split(":")[0]
    if not user.isdecimal() or (user == "0" and not once):
        yield f"runs as `{user}`: name a user by number, and not root"
    limits = it.get("deploy", {}).get("resources", {}).get("limits", {})
    if not {"cpus", "memory", "pids"} <= limits.keys():
        yield "has no limits of processor, memory and processes"
    image = it["image"]
    if not once and ":" not in image.rsplit("/", 1)[-1] or image.endswith(":latest"):
        yield f"`{image}` does not say which version"
    for port in it.get("ports", []):
        if name != "edge" or port.get("host_ip") != "127.0.0.1":
            yield f"publishes {port['published']} on {port.get('host_ip', 'every address')}"
    for volume in it.get("volumes", []):
        if volume["type"] == "bind" and not volume.get("read_only"):
            yield f"may write to {volume['source']}"
    for on, how in it.get("depends_on", {}).items():
        if how["condition"] == "service_started" and on in ("postgres", "nats-1", "nats-2", "nats-3"):
            yield f"does not wait until {on} is healthy"


def main():
    """Prints everything that is wrong at once."""
    config = json.load(sys.stdin)
    services = config["services"]
    wrong = [f"{name}: {why}" for name, it in services.items() for why in problems(name, it)]
    for name in ("catalogue", "enrolment", "mentorship", "credentials", "campus"):
        if services[name]["deploy"]["replicas"] != 2:
            wrong.append(f"{name}: two replicas, or the loss of one is the loss of the service")
        if "STUDIUM_DEVELOPMENT_ISSUER" in services[name]["environment"]:
            wrong.append(f"{name}: a development issuer is for one machine")
    inside = {name for name, it in config["networks"].items() if it.get("internal")}
    for name in ("postgres", "nats-1", "nats-2", "nats-3", "prometheus", "grafana", "tempo", "collector"):
        if not set(services[name]["networks"]) <= inside:
            wrong.append(f"{name}: reaches what is outside")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(services)} services keep the rules")


main()

"""Starts what docker-compose.yml describes as processes on loopback addresses: the same NATS configuration and accounts,
the same databases and roles, the same commands and variables, an OpenID Connect provider, two replicas each, the edge.
Only where a name or a folder of a container stands, one of this machine is put.

    docker-compose config --format json | topology.py STUDIUM NATS-SERVER POSTGRES-URL PSQL CADDY
"""

import http.client
import http.server
import json
import os
import pathlib
import random
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

SERVICES = ("catalogue", "enrolment", "mentorship", "credentials", "campus")
# A public key that is published as an example (RFC 7517, appendix A.1), with a name.
KEY = {
    "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "1",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
}  # fmt: skip
PATIENCE = 90


def wait_until(what, is_it):
    """Looks again and again, for a while."""
    deadline = time.monotonic() + PATIENCE
    while not is_it():
        if time.monotonic() > deadline:
            raise SystemExit(f"after {PATIENCE} s not: {what}")
        time.sleep(0.1)


def answer(url):
    """Status of a page, 0 when nothing answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as it:
            return it.status
    except urllib.error.HTTPError as e:
        return e.code
    except OSError:
        return 0


class Issuer(http.server.BaseHTTPRequestHandler):
    """Says what a provider says of itself."""

    def do_GET(self):
        """Discovery, or keys."""
        issuer = f"http://127.0.0.1:{self.server.server_port}"
        pages = {
            "/.well-known/openid-configuration": {"issuer": issuer, "jwks_uri": f"{issuer}/keys"},
            "/keys": {"keys": [KEY]},
        }
        page = pages.get(self.path)
        self.send_response(200 if page else 404)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(page).encode())

    def log_message(self, *_):
        """Nothing."""


class Platform:
    """The processes, and where each is found."""

    def __init__(self, config, dir):
        self.config, self.dir, self.processes = config["services"], dir, []
        # A network of its own, so that every port may be the one that the file says.
        self.net = f"127.{random.randrange(16, 250)}.{random.randrange(1, 250)}"

    def start(self, name, command, env):
        """Starts a process with just these variables."""
        log = open(self.dir / f"{name}.log", "wb")
        self.processes.append((name, subprocess.Popen(command, env=env, stdout=log, stderr=log)))

    def check_all_run(self):
        """Fails with the last words of one that has ended: Docker would start it again, but none has a reason to end."""
        for name, it in self.processes:
            if it.poll() is not None:
                raise SystemExit(f"{name} has ended: {(self.dir / f'{name}.log').read_text()[-600:].strip()}")

    def stop(self):
        """In the opposite order; says who did not end well."""
        for _, it in reversed(self.processes):
            it.send_signal(signal.SIGTERM)
        codes = {name: it.wait(60) for name, it in self.processes}
        # nats-server says 1 when it was told to end.
        return [f"{name} ended with {code}" for name, code in codes.items() if code not in (0, name.startswith("nats-"))]

    def nats(self, program):
        """Three nodes; ready when each has found its peers."""
        for n in (1, 2, 3):
            env = {key: self.placed(value) for key, value in self.config[f"nats-{n}"]["environment"].items()}
            env |= {"NATS_HOST": f"{self.net}.{n}", "NATS_STORE": str(self.dir / f"nats-{n}")}
            conf = next(it["source"] for it in self.config[f"nats-{n}"]["volumes"] if it["target"].endswith("node.conf"))
            self.start(f"nats-{n}", [program, "--config", conf], env)

        def is_whole():
            self.check_all_run()
            return all(answer(f"http://{self.net}.{n}:8222/healthz") == 200 for n in (1, 2, 3))

        wait_until("the broker is healthy", is_whole)
        with urllib.request.urlopen(f"http://{self.net}.2:8222/jsz") as it:
            said = json.load(it)
        assert said["config"].get("sync_always") and said["meta_cluster"]["cluster_size"] == 3, said

    def placed(self, text):
        """A value with addresses of this machine for names of containers."""
        for n in (1, 2, 3):
            text = text.replace(f"@nats-{n}:", f"@{self.net}.{n}:")
        return text

    def service(self, name, program, issuer, postgres):
        """Two replicas, as the file says."""
        it = self.config[name]
        files = {f"/run/secrets/{one['source']}": one["file"] for one in it["with_secrets"]}
        for replica in (1, 2):
            env = {key: files.get(value, self.placed(value)) for key, value in it["environment"].items()}
            listen = f"{self.net}.{10 + replica}:{env['STUDIUM_LISTEN'].split(':')[1]}"
            env |= {"STUDIUM_LISTEN": listen, "STUDIUM_ISSUER": issuer, "RUST_LOG": "warn"}
            env["STUDIUM_STORE_URL"] = env["STUDIUM_STORE_URL"].replace("@postgres:5432", f"@{postgres}")
            # Nobody collects spans here.
            del env["OTEL_EXPORTER_OTLP_ENDPOINT"]
            self.start(f"{name}-{replica}", [program, *it["command"]], env)

    def ready(self):
        """Addresses of all replicas, once all say that they are ready."""
        ports = {name: self.config[name]["environment"]["STUDIUM_LISTEN"].split(":")[1] for name in SERVICES}
        all_ = [f"{self.net}.{10 + replica}:{ports[name]}" for name in SERVICES for replica in (1, 2)]

        def is_ready():
            self.check_all_run()
            return all(answer(f"http://{it}/readyz") == 200 for it in all_)

        wait_until("all replicas are ready", is_ready)
        return all_


def make_databases(config, postgres, psql):
    """Runs the script of the postgres image against a server, and looks who may connect to what."""
    host, port = postgres.split("@")[-1].split("/")[0].split(":")
    server = {"PGHOST": host, "PGPORT": port, "PATH": f"{os.path.dirname(psql)}:{os.environ['PATH']}"}
    env = config["postgres"]["environment"] | server | {"POSTGRES_USER": "studium"}
    script = next(it["source"] for it in config["postgres"]["volumes"] if it["target"].endswith("databases.sh"))
    subprocess.run([script], env=env, check=True)
    for role in SERVICES:
        for database in (*SERVICES, "postgres", "template1"):
            who = server | {"PGUSER": role, "PGDATABASE": database}
            done = subprocess.run([psql, "-Atc", "SELECT 1"], env=who, capture_output=True, check=False)
            assert (done.returncode == 0) == (role == database), f"{role} on {database}: {done}"
    return f"{host}:{port}"


def through_the_edge(platform, caddy):
    """Starts the edge, and asks it for what it lets through and what it does not."""
    port = platform.processes[0][1].pid % 10000 + 20000
    text = pathlib.Path("deploy/edge/Caddyfile").read_text()
    for name in SERVICES:
        text = text.replace(f"dynamic a {name} ", f"dynamic a {platform.net}.11 ")
    text = text.replace(":8443", f":{port}").replace("localhost:3000", f"localhost:{port + 1}")
    file = platform.dir / "Caddyfile"
    # Where Debian's Caddy, which is older than the image, may keep what it makes.
    file.write_text(text.replace("admin off", f"admin off\n\tstorage file_system {platform.dir}/edge", 1))
    env = {"EDGE_NAME": "localhost", "EDGE_TLS": "internal", "HOME": str(platform.dir)}
    platform.start("edge", [caddy, "run", "--config", str(file), "--adapter", "caddyfile"], env)
    tls = ssl._create_unverified_context()

    def asked(path, method="GET"):
        try:
            it = http.client.HTTPSConnection("localhost", port, timeout=10, context=tls)
            it.request(method, path)
            return it.getresponse().status
        except OSError:
            return 0

    wait_until("the edge answers", lambda: asked("/") != 0)
    let_through = {"/partners/jwks.json": 200, "/issuers/nobody/did.json": 404, "/credentials/nothing": 404}
    for path, status in let_through.items():
        assert asked(path) == status, (path, asked(path))
    for path in ("/metrics", "/healthz", "/readyz", "/studium.admin.v1.AdminService/GetStatus", "/grpc.health.v1.Health/Check"):
        assert asked(path) == 404, (path, asked(path))


def main():
    """Everything in turn."""
    program, nats_server, postgres, psql, caddy = sys.argv[1:]
    config = json.load(sys.stdin)
    for it in config["services"].values():
        named = [one["source"] for one in it.get("secrets", [])]
        it["with_secrets"] = [{"source": name, "file": config["secrets"][name]["file"]} for name in named]
    issuer = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
    threading.Thread(target=issuer.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as dir:
        platform = Platform(config, pathlib.Path(dir))
        try:
            database = make_databases(config["services"], postgres, psql)
            print("PostgreSQL: five roles, each into its own database and no other")
            platform.nats(nats_server)
            print("NATS: three nodes that sync always")
            for name in SERVICES:
                platform.service(name, program, f"http://127.0.0.1:{issuer.server_port}", database)
            replicas = platform.ready()
            print(f"services: {len(replicas)} replicas are ready")
            health = platform.config["catalogue"]["healthcheck"]["test"][2:]
            for listen, code in ((replicas[0], 0), (f"{platform.net}.99:1", 1)):
                done = subprocess.run([program, *health], env={"STUDIUM_LISTEN": listen}, check=False, capture_output=True)
                assert done.returncode == code, (listen, done)
            through_the_edge(platform, caddy)
            print("edge: lets through what is for callers and strangers, and nothing else")
        finally:
            wrong = platform.stop()
        if wrong:
            raise SystemExit("\n".join(wrong))
    print("all ended in good order")


main()

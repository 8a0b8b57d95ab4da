"""Projects enrolments from their stream into a table, with NATS's own client and the published protos, and proves that it missed none.

Every commit names its predecessor by version and hash; a gap in the stream or in an aggregate's chain ends the run.
Table and position are written in one transaction, so the next run goes on where this one ended.

usage: python enrolments.py SERVERS USER PASSWORD_FILE DATABASE
"""

import asyncio
import hashlib
import importlib
import pathlib
import sqlite3
import sys
import tempfile

import grpc_tools
import nats
from grpc_tools import protoc
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

STREAM, AGGREGATE, BATCH = "enrolment", "enrolment.enrolment.", 500
PROTOS = pathlib.Path(__file__).resolve().parents[2] / "proto"

# Where an enrolment stands after an event; others leave it where it is.
STANDS = {
    "enrolment_invited": "invited",
    "invitation_declined": "withdrawn",
    "enrolment_requested": "requested",
    "enrolment_waitlisted": "waitlisted",
    "enrolment_activated": "active",
    "enrolment_suspended": "suspended",
    "enrolment_withdrawn": "withdrawn",
    "enrolment_deferred": "withdrawn",
    "enrolment_completed": "completed",
    "enrolment_failed": "failed",
    "enrolment_expired": "expired",
}


def compiled():
    """The envelope of a commit and the events of enrolments, from the protos as they are published."""
    out = tempfile.mkdtemp()
    names = ["studium/options/v1/options", "studium/log/v1/commit", "studium/enrolment/v1/events"]
    folders = [f"-I{PROTOS}", f"-I{pathlib.Path(grpc_tools.__file__).parent / '_proto'}"]
    done = protoc.main(["", *folders, f"--python_out={out}", *(f"{it}.proto" for it in names)])
    if done != 0:
        sys.exit("the protos cannot be compiled")
    sys.path.insert(0, out)
    commit, events = (importlib.import_module(it.replace("/", ".") + "_pb2") for it in names[1:])
    return commit.Commit, events.EnrolmentEvent


Commit, EnrolmentEvent = compiled()


def stand(event, kind, before):
    """Where an enrolment stands after an event."""
    if kind == "enrolment_reinstated":
        return "requested" if event.enrolment_reinstated.seat_needed else "active"
    return STANDS.get(kind, before)


class Projection:
    """The table, the end of each aggregate's chain, and the position up to which the stream is in them."""

    def __init__(self, path):
        self.db = sqlite3.connect(path)
        self.db.executescript(
            "CREATE TABLE IF NOT EXISTS enrolment (run TEXT, learner TEXT, state TEXT, PRIMARY KEY (run, learner));"
            "CREATE TABLE IF NOT EXISTS chain (subject TEXT PRIMARY KEY, version INTEGER, hash BLOB);"
            "CREATE TABLE IF NOT EXISTS position (stream TEXT PRIMARY KEY, at INTEGER);"
        )
        row = self.db.execute("SELECT at FROM position WHERE stream = ?", [STREAM]).fetchone()
        self.position = row[0] if row else 0

    def take(self, messages):
        """Takes in a batch, whole or not at all."""
        with self.db:
            for message in messages:
                self._take(message.metadata.sequence.stream, message.data)
            self.db.execute("INSERT OR REPLACE INTO position VALUES (?, ?)", [STREAM, self.position])

    def _take(self, position, data):
        if position != self.position + 1:
            sys.exit(f"position {self.position} is followed by {position}: something was missed")
        self.position = position
        commit = Commit.FromString(data)
        row = self.db.execute("SELECT version, hash FROM chain WHERE subject = ?", [commit.subject]).fetchone()
        version, last = row or (0, b"")
        if (commit.version, commit.previous_hash) != (version + 1, last):
            sys.exit(f"{commit.subject}: version {commit.version} does not follow version {version}")
        chain = [commit.subject, commit.version, hashlib.sha256(data).digest()]
        self.db.execute("INSERT OR REPLACE INTO chain VALUES (?, ?, ?)", chain)
        if not commit.subject.startswith(AGGREGATE):
            return
        run, learner = commit.subject.removeprefix(AGGREGATE).split("~")
        row = self.db.execute("SELECT state FROM enrolment WHERE run = ? AND learner = ?", [run, learner]).fetchone()
        state = row[0] if row else None
        for event in map(EnrolmentEvent.FromString, commit.events):
            state = stand(event, event.WhichOneof("event"), state)
        self.db.execute("INSERT OR REPLACE INTO enrolment VALUES (?, ?, ?)", [run, learner, state])


async def main(servers, user, password_file, database):
    password = pathlib.Path(password_file).read_text().strip()
    client = await nats.connect(servers.split(","), user=user, password=password)
    streams = client.jetstream()
    projection = Projection(database)
    head = (await streams.stream_info(STREAM)).state.last_seq
    begun = projection.position
    if begun < head:
        # Nothing is acknowledged: how far this is, the database knows.
        consumer = await streams.add_consumer(
            STREAM,
            ConsumerConfig(
                ack_policy=AckPolicy.NONE,
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=begun + 1,
                inactive_threshold=60,
            ),
        )
        messages = await streams.pull_subscribe_bind(consumer=consumer.name, stream=STREAM)
        while projection.position < head:
            projection.take(await messages.fetch(min(BATCH, head - projection.position), timeout=10))
    print(f"{projection.position - begun} commits taken in, {projection.position} in all, none missed")
    for state, count in projection.db.execute("SELECT state, COUNT(*) FROM enrolment GROUP BY state ORDER BY state"):
        print(f"{state} {count}")
    await client.close()


asyncio.run(main(*sys.argv[1:]))

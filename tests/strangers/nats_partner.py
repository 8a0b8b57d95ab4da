"""A partner that reads its feed over NATS with the stock client, and then tries all it can to see another's or to write.

Standard input holds one line of JSON: servers, seed, institution, other (another partner), stored, live.
Prints `live` once the stored messages are read; then the other side tells `live` more.

usage: python nats_partner.py <QUESTION
"""

import asyncio
import json
import sys

import nats
from nats.errors import TimeoutError
from nats.js.errors import NotFoundError

asked = json.loads(sys.stdin.readline())
ME, OTHER = asked["institution"], asked["other"]
MIRROR, MINE, THEIRS = "enrolments", f"partner_{ME}", f"partner_{OTHER}"
failures = []
tried = 0


def check(holds, what):
    global tried
    tried += 1
    if not holds:
        failures.append(what)
        print("FAILED", what, file=sys.stderr, flush=True)
    if len(failures) > 10:
        sys.exit("too much fails to go on")


class Connection:
    """A connection of the partner that remembers what the server refused."""

    @classmethod
    async def open(cls, **options):
        self = cls()
        self.refused = []

        async def refused(error):
            self.refused.append(str(error).lower())

        self.nc = await nats.connect(
            asked["servers"].split(","), nkeys_seed_str=asked["seed"], error_cb=refused, **options
        )
        self.js = self.nc.jetstream()
        return self

    async def is_refused(self, kind, subject):
        # The refusal is on its way before the answer to the flush.
        await self.nc.flush()
        for _ in range(100):
            if any(f'permissions violation for {kind} to "{subject.lower()}"' in it for it in self.refused):
                return True
            await asyncio.sleep(0.01)
        return False

    async def must_not_publish(self, subject, payload=b""):
        """Refused, and nobody answers."""
        self.refused.clear()  # an earlier refusal of the same subject says nothing of this one
        inbox = self.nc.new_inbox()
        answers = await self.nc.subscribe(inbox)
        payload = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        await self.nc.publish(subject, payload, reply=inbox)
        check(await self.is_refused("publish", subject), f"may publish to {subject}")
        check(answers.pending_msgs == 0, f"{subject} was answered")
        await answers.unsubscribe()

    async def must_not_subscribe(self, subject):
        heard = await self.nc.subscribe(subject)
        check(await self.is_refused("subscription", subject), f"may subscribe to {subject}")
        check(heard.pending_msgs == 0, f"{subject} was heard")

    async def ask(self, subject, payload=None):
        payload = b"" if payload is None else json.dumps(payload).encode()
        return json.loads((await self.nc.request(subject, payload, timeout=5)).data)

    async def mirror_is_whole(self, what):
        info = await self.ask(f"$JS.API.STREAM.INFO.{MIRROR}")
        many = asked["stored"] + asked["live"]
        check(info.get("state", {}).get("messages") == many, f"the mirror after {what}: {info.get('error')}")


def expected(number):
    return number, f"{MINE}.enrolment.run~{number}", {"specversion": "1.0", "id": f"{ME}-{number}"}


async def read(connection, first, many):
    """Reads with a durable consumer, acknowledges, and compares order, sequences and content."""
    copy = await connection.js.pull_subscribe("", durable="copy", stream=MIRROR)
    got = []
    while len(got) < many:
        for message in await copy.fetch(min(100, many - len(got)), timeout=100):
            got.append((message.metadata.sequence.stream, message.subject, json.loads(message.data)))
            check(not message.headers, f"a message has headers: {message.headers}")
            await message.ack_sync()
    check(got == [expected(it) for it in range(first, first + many)], f"messages from {first} are others: {got[:3]}")


async def writes(c):
    for subject in (
        f"{MINE}.enrolment.run~1", f"{THEIRS}.enrolment.run~1", MIRROR, "enrolment.enrolment.x", "campus.campus.x",
        f"deliver.{ME}.x", f"deliver.{OTHER}.x", "_INBOX.x", "_R_.x",
    ):
        await c.must_not_publish(subject, {"specversion": "1.0"})
    for stream in (MIRROR, MINE, THEIRS, "enrolment", "evil"):
        source = {"name": THEIRS, "external": {"api": "JS.platform", "deliver": f"deliver.{ME}"}}
        for verb in ("CREATE", "UPDATE"):
            await c.must_not_publish(f"$JS.API.STREAM.{verb}.{stream}", {"name": stream, "sources": [source]})
            await c.must_not_publish(f"$JS.API.STREAM.{verb}.{stream}", {"name": stream, "mirror": source})
        for verb in ("DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE", "LEADER.STEPDOWN", "PEER.REMOVE"):
            await c.must_not_publish(f"$JS.API.STREAM.{verb}.{stream}")
    for subject in ("META.LEADER.STEPDOWN", "SERVER.REMOVE", "ACCOUNT.PURGE.PLATFORM", f"CONSUMER.PAUSE.{MIRROR}.copy"):
        await c.must_not_publish(f"$JS.API.{subject}")


async def reads_of_others(c):
    for stream in (MINE, THEIRS, "enrolment"):
        body = {"stream_name": stream, "config": {"name": "x", "ack_policy": "none", "filter_subject": ">"}}
        for prefix in ("$JS.API", "JS.platform", f"JS.{OTHER}"):
            for suffix in (stream, f"{stream}.x", f"{stream}.x.{stream}.>"):
                await c.must_not_publish(f"{prefix}.CONSUMER.CREATE.{suffix}", body)
        await c.must_not_publish(f"$JS.API.CONSUMER.DURABLE.CREATE.{stream}.x", body)
        for verb in ("STREAM.INFO", "STREAM.MSG.GET", "DIRECT.GET", "CONSUMER.NAMES", "CONSUMER.LIST"):
            await c.must_not_publish(f"$JS.API.{verb}.{stream}", {"seq": 1})
        await c.must_not_publish(f"$JS.API.DIRECT.GET.{stream}.{stream}.enrolment.run~1")
        for verb in ("INFO", "DELETE", "MSG.NEXT"):
            await c.must_not_publish(f"$JS.API.CONSUMER.{verb}.{stream}.copy")
        await c.must_not_publish(f"$JS.FC.{stream}.x")
        await c.must_not_publish(f"$JS.ACK.{stream}.copy.1.1.1.1.1")
    for subject in ("SERVER.PING", "ACCOUNT.PING.CONNZ", "ACCOUNT.PLATFORM.INFO", f"ACCOUNT.FEED_{OTHER}.JSZ", "USER.INFO"):
        await c.must_not_publish(f"$SYS.REQ.{subject}")
    for subject in (
        ">", "*", "*.>", "deliver.>", f"deliver.{ME}.>", f"deliver.{OTHER}.>", f"{MINE}.>", f"{THEIRS}.>", "$JS.>",
        "$JS.EVENT.ADVISORY.>", "$SYS.>", "_R_.>", "JS.>", "enrolment.>",
    ):
        await c.must_not_subscribe(subject)


async def what_may_be_asked_shows_only_its_own(c):
    """Each probe first on its own, where it must find something."""
    info = await c.ask(f"$JS.API.STREAM.INFO.{MIRROR}")
    check(info["state"]["last_seq"] == asked["stored"] + asked["live"], f"its own mirror: {info}")
    check(OTHER not in json.dumps(info), f"its own mirror tells of others: {info}")
    names = await c.ask("$JS.API.STREAM.NAMES")
    check(names["streams"] == [MIRROR], f"stream names: {names}")
    names = await c.ask("$JS.API.STREAM.NAMES", {"subject": f"{THEIRS}.>"})
    check(not names["streams"], f"streams with another's subjects: {names}")
    listed = await c.ask("$JS.API.STREAM.LIST")
    check([it["config"]["name"] for it in listed["streams"]] == [MIRROR], f"streams: {listed}")
    check((await c.ask("$JS.API.INFO"))["streams"] == 1, "its own account")
    first = await c.js.get_msg(MIRROR, 1)
    check(json.loads(first.data) == expected(1)[2], "message 1 of its own")
    direct = await c.js.get_msg(MIRROR, 1, direct=True)
    check(json.loads(direct.data) == expected(1)[2], "message 1 of its own, directly")
    last = await c.js.get_last_msg(MIRROR, f"{MINE}.enrolment.run~2", direct=True)
    check(json.loads(last.data) == expected(2)[2], "by its own subject, directly")
    for subject in (f"{THEIRS}.enrolment.run~2", "enrolment.enrolment.x"):
        try:
            check(False, f"{subject} is there: {(await c.js.get_last_msg(MIRROR, subject, direct=True)).data}")
        except NotFoundError:
            check(True, "")


async def consumers_of_others(c):
    """Through the calls that it may make, with all that the body can say."""
    for subject in (f"$JS.API.CONSUMER.CREATE.{MIRROR}", f"$JS.API.CONSUMER.CREATE.{MIRROR}.x"):
        for filtered, pending in ((f"{MINE}.>", asked["stored"] + asked["live"]), (f"{THEIRS}.>", 0), ("campus.>", 0)):
            config = {"ack_policy": "none", "filter_subject": filtered, "inactive_threshold": 10**9}
            if subject.endswith(".x"):
                config["name"] = "x"
            made = await c.ask(subject, {"stream_name": MIRROR, "config": config})
            check(made.get("num_pending") == pending, f"consumer on {filtered}: {made}")
            await c.ask(f"$JS.API.CONSUMER.DELETE.{MIRROR}.{made['name']}")
        for stream in (MINE, THEIRS, "enrolment"):
            made = await c.ask(subject, {"stream_name": stream, "config": {"ack_policy": "none", "name": "x"}})
            check("error" in made, f"consumer of {stream} through {subject}: {made}")


async def answers_that_do_harm(c):
    """Who asks JetStream names the subject of the answer, and an empty answer is a command to some."""
    copy = await c.js.pull_subscribe("", durable="copy", stream=MIRROR)
    try:
        check(False, f"more is there: {await copy.fetch(1, timeout=0.3)}")
    except TimeoutError:
        pass
    for target in (
        f"$JS.API.STREAM.DELETE.{MIRROR}", f"$JS.API.STREAM.PURGE.{MIRROR}", f"JS.platform.CONSUMER.CREATE.{MINE}.x",
        f"{MINE}.enrolment.evil", "campus.campus.x", f"$JS.API.STREAM.DELETE.{THEIRS}", f"$JS.API.STREAM.DELETE.{MINE}",
    ):
        none = json.dumps({"batch": 1, "no_wait": True}).encode()
        await c.nc.publish(f"$JS.API.CONSUMER.MSG.NEXT.{MIRROR}.copy", none, reply=target)
        await c.nc.publish(f"$JS.API.DIRECT.GET.{MIRROR}", b'{"seq": 99999999}', reply=target)
        await c.nc.publish("$JS.API.STREAM.NAMES", b"", reply=target)
        await c.nc.flush()
        config = {
            "name": "push", "deliver_subject": target, "ack_policy": "none", "idle_heartbeat": 10**8,
            "headers_only": True, "inactive_threshold": 10**9,
        }
        made = await c.ask(f"$JS.API.CONSUMER.CREATE.{MIRROR}.push", {"stream_name": MIRROR, "config": config})
        # Long enough for some heartbeats; there is nothing that says that nothing comes.
        await asyncio.sleep(0.5)
        await c.mirror_is_whole(f"answers to {target}")
        if "error" not in made:
            await c.ask(f"$JS.API.CONSUMER.DELETE.{MIRROR}.push")


async def main():
    async def silent(_):
        pass

    for options in ({}, {"user": "platform", "password": "platform"}, {"user": f"feed-{ME}", "password": ""}):
        try:
            options |= {"allow_reconnect": False, "error_cb": silent}
            await nats.connect(asked["servers"].split(","), **options)
            check(False, f"gets in with {options}")
        except Exception as error:  # the library has many, and any of them is a no
            check("authorization" in str(error).lower(), f"{options}: {error}")
    c = await Connection.open()
    inboxes = await c.nc.subscribe("_INBOX.>")
    await read(c, 1, asked["stored"])
    await c.nc.close()

    # Another connection: the consumer kept its place.
    c = await Connection.open()
    inboxes = await c.nc.subscribe("_INBOX.>")
    print("live", flush=True)
    await read(c, asked["stored"] + 1, asked["live"])
    await writes(c)
    await reads_of_others(c)
    await what_may_be_asked_shows_only_its_own(c)
    await consumers_of_others(c)
    await answers_that_do_harm(c)
    await c.mirror_is_whole("all that")

    heard = inboxes._pending_queue
    seen = [heard.get_nowait() for _ in range(heard.qsize())]
    # Both partners read at the same time. The id of every message begins with whose it is.
    check(any(f"{ME}-".encode() in it.data for it in seen), "its own messages come to its inboxes")
    theirs = [it for it in seen if f"{OTHER}-".encode() in it.data or it.subject.startswith(THEIRS)]
    check(not theirs, f"another's messages come to its inboxes: {theirs[:3]}")
    await c.nc.close()
    print(json.dumps({"institution": ME, "checks": tried, "failures": len(failures)}), flush=True)
    sys.exit(bool(failures))


asyncio.run(main())

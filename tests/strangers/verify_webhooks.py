"""Deliveries to a partner's webhook, checked by the library of the Standard Webhooks project.

The library knows `v1` (HMAC-SHA256) only. `v1a` (ed25519) is checked with the library `cryptography`, over what the
specification says is signed.

usage: python verify_webhooks.py FOLDER
"""

import base64
import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest import mock

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import webhooks
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

failures = []


def check(what, got, wanted):
    print(("ok  " if got == wanted else "FAIL") + f" {what}: {got}")
    if got != wanted:
        failures.append(what)


def at(time):
    """The library with its clock at a time, since deliveries were kept a while ago."""
    clock = mock.Mock(wraps=datetime)
    clock.now.side_effect = lambda tz=None: time
    return mock.patch.object(webhooks, "datetime", clock)


def v1(secret, body, headers, later=timedelta(0)):
    sent = datetime.fromtimestamp(int(headers["webhook-timestamp"]), tz=timezone.utc)
    with at(sent + later):
        try:
            return Webhook(secret).verify(body, headers) == json.loads(body)
        except WebhookVerificationError:
            return False


def v1a(public_key, body, headers):
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    for signature in headers["webhook-signature"].split(" "):
        version, text = signature.split(",")
        if version == "v1a":
            try:
                key.verify(base64.b64decode(text), signed)
                return True
            except InvalidSignature:
                pass
    return False


def swapped(headers, name, value):
    return {**headers, name: value}


files = sorted(Path(sys.argv[1]).glob("webhooks_*.json"))
count = 0
for file in files:
    index = json.loads(file.read_text())
    for number, delivery in enumerate(index["deliveries"], 1):
        count += 1
        headers, body = delivery["headers"], delivery["body"]
        for n, secret in enumerate(index["secrets"]):
            signs = n in delivery["signers"]
            name = f"delivery {number}, secret {n + 1}"
            check(f"{name}: v1", v1(secret["secret"], body, headers), signs)
            check(f"{name}: v1a", v1a(secret["public_key"], body, headers), signs)
            if not signs:
                continue
            stamp = str(int(headers["webhook-timestamp"]) + 1)
            for what, text, tampered in (
                ("another body", body.replace('"specversion"', ' "specversion"', 1), headers),
                ("another id", body, swapped(headers, "webhook-id", "other")),
                ("another time", body, swapped(headers, "webhook-timestamp", stamp)),
            ):
                check(f"{name}: v1 with {what}", v1(secret["secret"], text, tampered), False)
                check(f"{name}: v1a with {what}", v1a(secret["public_key"], text, tampered), False)
            check(f"{name}: v1 four minutes later", v1(secret["secret"], body, headers, timedelta(minutes=4)), True)
            check(f"{name}: v1 six minutes later", v1(secret["secret"], body, headers, timedelta(minutes=6)), False)

if not count:
    failures.append("no deliveries")
print(f"FAILED: {'; '.join(failures)}" if failures else f"all as expected: {count} deliveries")
sys.exit(1 if failures else 0)

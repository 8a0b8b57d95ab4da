#!/usr/bin/env python3
"""Checks the signatures of digests: signature.py JWKS EVENTS. JWKS is a file with what /partners/jwks.json answers;
EVENTS has CloudEvents, one a line. Exit code 1 if a digest is not signed with one of the keys, or says something else."""

import base64
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims(jws, keys):
    """What a JWS in compact form says (RFC 7515), if one of the keys signed it with EdDSA (RFC 8037)."""
    header, payload, signature = jws.split(".")
    said = json.loads(decoded(header))
    if said["alg"] != "EdDSA":
        raise ValueError(f"signed with {said['alg']}")
    try:
        keys[said["kid"]].verify(decoded(signature), f"{header}.{payload}".encode())
    except KeyError:
        raise ValueError("signed with a key that is not the platform's") from None
    except InvalidSignature:
        raise ValueError("the signature does not fit") from None
    return json.loads(decoded(payload))


with open(sys.argv[1], "rb") as file:
    keys = {it["kid"]: Ed25519PublicKey.from_public_bytes(decoded(it["x"])) for it in json.load(file)["keys"]}
checked, wrong = 0, 0
with open(sys.argv[2], "rb") as file:
    for event in map(json.loads, file):
        if event["type"] != "org.studium.partner.digest.published.v1":
            continue
        data = event["data"]
        expected = {"sub": data["institutionId"], "date": data["date"], "count": int(data.get("count", 0)), "root": data["root"]}
        try:
            if claims(data["jws"], keys) != expected:
                raise ValueError("something else was signed")
        except ValueError as why:
            wrong += 1
            print(f"{data['date']}: {why}")
        checked += 1
print(f"{checked} digests, {wrong} wrong")
sys.exit(bool(wrong))

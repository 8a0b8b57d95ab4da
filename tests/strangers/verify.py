"""Credentials of a running platform, checked by openbadgeslib: the proof, the token, and the status bit.

Nothing is fetched: what the platform answered was kept in a folder.

usage: python verify.py FOLDER
"""

import json
import sys
from pathlib import Path

from openbadgeslib.ob3 import OB3Verifier
from openbadgeslib.ob3.ldp import OB3LdpVerifier

folder = Path(sys.argv[1])
index = json.loads((folder / "index.json").read_text())
failures = []


def kept(url, *_, **__):
    """What the platform answered; the token of a status list, which this library wants signed as one."""
    for address in (url + "/jwt", url):
        if name := index["documents"].get(address):
            return (folder / name).read_bytes()
    raise OSError(f"nothing was kept of {url}")


def accepted(verifier, credential, did, with_status):
    try:
        verifier.for_issuer_did(did, download=kept).verify(credential, check_status=with_status, download=kept)
        return True, ""
    except Exception as error:  # the library has many, and any of them is a no
        return False, f"{type(error).__name__}: {error}"


for case in index["cases"]:
    document = json.loads((folder / case["json"]).read_text())
    token = (folder / case["jwt"]).read_text()
    did = case["issuer"]
    for name, verifier, credential in (("proof", OB3LdpVerifier, document), ("token", OB3Verifier, token)):
        for with_status in (False, True):
            wanted = case["accepted"] and not (with_status and case["revoked"])
            got, why = accepted(verifier, credential, did, with_status)
            fits = got == wanted
            what = f"openbadgeslib {case['name']}: {name}, {'with' if with_status else 'without'} status: {got}"
            print(("ok  " if fits else "FAIL") + f" {what}" + (f" ({why[:160]})" if why else ""))
            if not fits:
                failures.append(what)

if not index["cases"]:
    failures.append("no cases")
print(f"FAILED: {'; '.join(failures)}" if failures else f"all as expected: {len(index['cases'])} cases")
sys.exit(1 if failures else 0)

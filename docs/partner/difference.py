#!/usr/bin/env python3
"""Says what differs between a partner's copy and the platform's records: first the 256 branches are asked about, then
the leaves of those that differ, 16 branches a call. Prints a JSON line for each difference; exit code 1 if there are any.

  PYTHONPATH=stubs PARTNER_TOKEN=... python3 docs/partner/difference.py https://enrolment.example ou events.jsonl

The stubs are those of subscribe.py. Take in everything first: what has not come yet is a difference, too.
"""

import json
import os
import pathlib
import subprocess
import sys

import grpc
from google.protobuf.json_format import ParseDict
from studium.partner.v1 import service_pb2 as messages
from studium.partner.v1.service_pb2_grpc import PartnerFeedServiceStub

address, institution, file = sys.argv[1:]
scheme, _, host = address.partition("://")
token = [("authorization", f"Bearer {os.environ['PARTNER_TOKEN']}")]
digest = pathlib.Path(__file__).with_name("digest.py")


def ask(feed, branches):
    tree = subprocess.run([sys.executable, digest, file, f"--tree={branches}"], stdout=subprocess.PIPE).stdout
    request = ParseDict(json.loads(tree), messages.DifferenceRequest(institution_id=institution))
    return list(feed.Difference(request, metadata=token))


with (grpc.insecure_channel(host) if scheme == "http"
      else grpc.secure_channel(host, grpc.ssl_channel_credentials())) as channel:
    feed = PartnerFeedServiceStub(channel)
    branches = [it.branch for it in ask(feed, "")]
    calls = [branches[it:it + 16] for it in range(0, len(branches), 16)]
    differences = [it for some in calls for it in ask(feed, ",".join(map(str, some)))]
for it in differences:
    is_record = it.WhichOneof("difference") == "record"
    print(it.record if is_record else json.dumps({"surplusEnrolmentId": it.surplus_enrolment_id}))
print(f"{len(differences)} records differ", file=sys.stderr)
sys.exit(bool(differences))

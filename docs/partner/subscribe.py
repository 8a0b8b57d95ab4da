#!/usr/bin/env python3
"""Appends a partner's events to a file, one a line, over gRPC; after any break it goes on where the file ends.

The stubs are made from the published contract, at the root of the project:
  python3 -m pip install -r docs/partner/requirements.txt
  mkdir -p stubs && python3 -m grpc_tools.protoc -I proto --python_out=stubs --grpc_python_out=stubs \
    studium/options/v1/options.proto studium/partner/v1/feed.proto studium/partner/v1/service.proto
  PYTHONPATH=stubs PARTNER_TOKEN=... python3 docs/partner/subscribe.py https://enrolment.example ou events.jsonl
"""

import argparse
import json
import os
import random
import sys
import time

import grpc
from studium.partner.v1 import service_pb2 as messages
from studium.partner.v1.service_pb2_grpc import PartnerFeedServiceStub

# After these it helps to ask again; after anything else somebody has to look.
PASSING = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.DEADLINE_EXCEEDED,
           grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.ABORTED, grpc.StatusCode.CANCELLED}
ACKNOWLEDGE_EVERY_S = 1
PAUSE_S_MAX = 60

cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
cli.add_argument("address", help="of the enrolment service: https://HOST:PORT, or http://HOST:PORT without TLS")
cli.add_argument("institution")
cli.add_argument("file")
cli.add_argument("--once", action="store_true", help="end with the last event that there is")
options = cli.parse_args()
scheme, _, host = options.address.partition("://")
token = [("authorization", f"Bearer {os.environ['PARTNER_TOKEN']}")]


def position_of(file):
    """The file ends with a whole event: half of one, after a crash, is cut off and comes again."""
    end, position = 0, 0
    for line in file:
        if line.endswith(b"\n"):
            end, position = end + len(line), int(json.loads(line)["sequence"])
    file.seek(end)
    file.truncate()
    return position


def connect():
    keepalive = [("grpc.keepalive_time_ms", 60_000)]
    if scheme == "http":
        return grpc.insecure_channel(host, keepalive)
    return grpc.secure_channel(host, grpc.ssl_channel_credentials(), keepalive)


def follow(feed, file, position):
    """Takes in what comes; yields the position each time."""
    request = messages.SubscribeRequest(
        institution_id=options.institution, after_position=position, only_history=options.once)
    for answer in feed.Subscribe(request, metadata=token):
        file.write(answer.event.encode() + b"\n")
        file.flush()
        yield answer.position


def acknowledge(feed, position):
    """Tells the platform how far this reader is; both sides can see the lag then."""
    request = messages.AcknowledgeRequest(
        institution_id=options.institution, reader_id="subscribe-py", position=position)
    feed.Acknowledge(request, metadata=token, timeout=10)


with open(options.file, "a+b") as file, connect() as channel:
    file.seek(0)
    position, feed, pause, told = position_of(file), PartnerFeedServiceStub(channel), 1, 0.0
    while True:
        try:
            for position in follow(feed, file, position):
                pause = 1
                if time.monotonic() - told > ACKNOWLEDGE_EVERY_S:
                    acknowledge(feed, position)
                    told = time.monotonic()
            acknowledge(feed, position)
            if options.once:
                break
        except grpc.RpcError as error:
            if options.once or error.code() not in PASSING:
                sys.exit(f"{error.code().name}: {error.details()}")
            print(f"{error.code().name}, again in {pause} s from position {position} on", file=sys.stderr)
        time.sleep(pause * random.uniform(0.5, 1))
        pause = min(2 * pause, PAUSE_S_MAX)

#!/usr/bin/env python3
"""Looks records up as they are now, with what no event holds: names and e-mail addresses, where learners let you see them.

  PYTHONPATH=stubs PARTNER_TOKEN=... python3 docs/partner/records.py https://enrolment.example ou RUN~LEARNER ...

The stubs are those of subscribe.py. Prints a JSON line for each record; what does not concern you is left out.
Keep what you look up beside your copy and not in your file of events, so that you can delete it when it is withdrawn.
"""

import os
import sys

import grpc
from google.protobuf.json_format import MessageToJson
from studium.partner.v1 import service_pb2 as messages
from studium.partner.v1.service_pb2_grpc import PartnerFeedServiceStub

AT_ONCE = 200  # what one call takes

address, institution, *enrolments = sys.argv[1:]
scheme, _, host = address.partition("://")
token = [("authorization", f"Bearer {os.environ['PARTNER_TOKEN']}")]
with (grpc.insecure_channel(host) if scheme == "http"
      else grpc.secure_channel(host, grpc.ssl_channel_credentials())) as channel:
    feed = PartnerFeedServiceStub(channel)
    for first in range(0, len(enrolments), AT_ONCE):
        request = messages.GetRecordsRequest(
            institution_id=institution, enrolment_ids=enrolments[first:first + AT_ONCE])
        for record in feed.GetRecords(request, metadata=token, timeout=60).records:
            print(MessageToJson(record, indent=None, ensure_ascii=False))

#!/usr/bin/env python3
"""Makes a partner's copy from its events and proves that none is missing; exit code 1 on any difference."""
import argparse, base64, fileinput, hashlib, json, sys

cli = argparse.ArgumentParser(description=__doc__)
cli.add_argument("files", nargs="*", help="CloudEvents, one a line; standard input without")
cli.add_argument("--root", help="what GetDigest says, to compare with")
cli.add_argument("--tree", nargs="?", const="", metavar="BRANCHES", help="print a request for Difference: the first "
                 "without branches; the second, with leaves, for those that the first answer names: --tree=3,77")
options = cli.parse_args()
sha256 = lambda it: hashlib.sha256(it).digest()
text = lambda it: base64.b64encode(it).decode()
branch_of = lambda enrolment_id: sha256(enrolment_id.encode())[0]
bare = lambda it: {name: it[name] for name in it if name not in ("externalIds", "name", "email")}  # roots hold for ever
leaf = lambda it: sha256(json.dumps(bare(it), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())  # RFC 8785
root = lambda: sha256(b"".join(branches())).hex()
lines, copy, last, wrong = {}, {}, {}, []
def branches():
    leaves = [b""] * 256
    for enrolment_id in sorted(copy, key=str.encode):
        leaves[branch_of(enrolment_id)] += leaf(copy[enrolment_id])
    return [sha256(it) for it in leaves]

for line in filter(None, map(bytes.strip, fileinput.input(options.files, mode="rb"))):
    sequence = int(json.loads(line).get("sequence", 0))  # none: a webhook's test event
    if sequence and lines.setdefault(sequence, line) != line:  # the same once more is no fault: webhooks may do that
        wrong.append(f"there are two events {sequence}")
for sequence, line in sorted(lines.items()):
    event = json.loads(line)
    subject, data = event["subject"], event["data"]
    if sequence > 1 and sequence - 1 not in lines:
        wrong.append(f"event {sequence - 1} is missing")
    if (event["subjectversion"] - 1, event.get("previoushash")) != last.get(subject, (0, None)):
        wrong.append(f"event {sequence} does not follow the one before on {subject}")
    last[subject] = event["subjectversion"], sha256(line).hex()
    if event["type"] == "org.studium.partner.digest.published.v1":
        if (int(data.get("count", 0)), data["root"]) != (len(copy), root()):
            wrong.append(f"the copy was not what it had to be at the end of {data['date']}")
    elif "enrolment" in data:
        copy[subject] = data["enrolment"]
    else:
        copy.pop(subject, None)
if options.root not in (None, root()):
    wrong.append("the copy is not what the platform has")
print(*wrong, f"{len(lines)} events, {len(copy)} records, root {root()}", sep="\n", file=sys.stderr)
if options.tree is not None:
    asked = [int(it) for it in options.tree.split(",") if it]
    leaves = [{"enrolmentId": it, "hash": text(leaf(copy[it]))} for it in copy if branch_of(it) in asked]
    request = {"position": max(lines, default=0), "branches": [*map(text, branches())], "leavesOf": asked}
    print(json.dumps(request | {"leaves": leaves}))
sys.exit(bool(wrong))

"""Segment's SDK for Python (segment-analytics-python): every call arrives, finds its person, and survives failures."""

import datetime

from rapport import FAULTS, SERVER_KEY, Checks, Proxy, Rapport, copies, eventually, gained, once_each, sum_of
from segment.analytics.client import Client

EVENTS_PER_FAULT = 30
REQUESTS_THAT_FAIL = 2
EVENTS_PER_KILL = 2_000

checks = Checks()


class Sdk:
    """A client of the SDK that remembers the message ids it made and the errors it met."""

    def __init__(self, host, **settings):
        self.errors = []
        self.ids = []
        remember = lambda error, _batch: self.errors.append(error)
        self.client = Client(SERVER_KEY, host=host, on_error=remember, upload_interval=0.1, **settings)

    def call(self, kind, **arguments):
        was_queued, message = getattr(self.client, kind)(**arguments)
        assert was_queued, "the SDK's queue is full"
        self.ids.append(message["messageId"])

    def done(self):
        self.client.shutdown()


def every_call_of_a_visitor_who_becomes_known(rapport, gzip):
    print(f"every kind of call{', compressed' if gzip else ''}")
    who, visitor, company = (f"{kind}-{'gzip' if gzip else 'plain'}" for kind in ("user", "visitor", "company"))
    before = sum_of(rapport.outcomes())
    sdk = Sdk(rapport.url, gzip=gzip)
    when = datetime.datetime(2024, 5, 1, 12, 30, 0, 250000, tzinfo=datetime.timezone.utc)
    sdk.call("page", anonymous_id=visitor, category="shop", name="Milk", properties={"path": "/milk"})
    sdk.call("track", anonymous_id=visitor, event="Product Viewed", properties={"price": 1.25}, timestamp=when)
    sdk.call("identify", user_id=who, anonymous_id=visitor, traits={"email": f"{who}@example.com", "firstName": "Ada"})
    sdk.call("alias", previous_id=visitor, user_id=who)
    sdk.call("group", user_id=who, group_id=company, traits={"name": "Dairy"})
    sdk.call("screen", user_id=who, name="Basket")
    sdk.call("track", user_id=who, event="Order Completed", properties={"revenue": 9.99, "products": [{"sku": "a"}]})
    sdk.done()
    checks.equal("the SDK met no error", sdk.errors, [])
    rapport.folded(before + len(sdk.ids))

    timeline = rapport.timeline("user_id", who)
    checks.equal("each call is in the known profile's timeline once", copies(timeline), once_each(sdk.ids))
    kinds = {entry["message_id"]: entry["type"] for entry in timeline if entry.get("message_id")}
    wanted = ["page", "track", "identify", "alias", "group", "screen", "track"]
    checks.equal("each call kept its kind", [kinds.get(id) for id in sdk.ids], wanted)
    viewed = next((entry for entry in timeline if entry.get("message_id") == sdk.ids[1]), {})
    checks.equal("a track kept its event", viewed.get("event"), "Product Viewed")
    checks.equal("a track kept its properties", viewed.get("properties"), {"price": 1.25})
    checks.that("a track kept its time", same_moment(viewed.get("timestamp"), when), str(viewed.get("timestamp")))
    known, anonymous = rapport.profile("user_id", who), rapport.profile("anonymous_id", visitor)
    checks.equal("the visitor is the known person", anonymous and anonymous["id"], known["id"])
    checks.that("the anonymous id is kept", visitor in known["identifiers"].get("anonymous_id", []), str(known))
    checks.equal("the e-mail is an identifier", known["identifiers"].get("email"), [f"{who}@example.com"])
    checks.equal("a trait is an attribute", known["attributes"].get("firstName"), "Ada")


def same_moment(text, when):
    # A timestamp comes as the SDK sends it, corrected for a clock that is off by the few milliseconds of the way.
    if not isinstance(text, str):
        return False
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return abs((moment - when).total_seconds()) < 5


def failures(rapport):
    with Proxy(rapport.url) as proxy:
        for fault in FAULTS:
            print(f"the first {REQUESTS_THAT_FAIL} requests: {fault}")
            before = rapport.outcomes()
            proxy.fail(fault, REQUESTS_THAT_FAIL)
            sdk = Sdk(proxy.url, upload_size=10)
            for number in range(EVENTS_PER_FAULT):
                sdk.call("track", user_id=fault, event="Tried", properties={"number": number})
            sdk.done()
            seen = proxy.seen()
            sent = sum(seen["copies"].values())
            after = rapport.folded(sum_of(before) + sent)

            checks.equal("the SDK gave nothing up", sdk.errors, [])
            checks.equal("the requests did fail", seen["failed"], REQUESTS_THAT_FAIL)
            doubled = sent > EVENTS_PER_FAULT
            checks.equal("events came twice if an answer was lost", doubled, fault.endswith("after"))
            checks.equal("each event is stored once", copies(rapport.timeline("user_id", fault)), once_each(sdk.ids))
            wanted = EVENTS_PER_FAULT, sent - EVENTS_PER_FAULT
            checks.equal("the outcomes say so", gained(before, after), wanted)


def a_kill(rapport):
    print("kill -9 while the SDK sends")
    before = rapport.outcomes()
    sdk = Sdk(rapport.url, upload_size=20)
    for number in range(EVENTS_PER_KILL):
        sdk.call("track", user_id="killed", event="Tried", properties={"number": number})
    some = lambda: rapport.outcomes()["accepted"] > before["accepted"]
    eventually("some events are accepted", some, within_s=20)
    rapport.kill()
    rapport.start()
    sdk.done()
    eventually("all events are there", lambda: len(rapport.timeline("user_id", "killed")) >= len(sdk.ids), within_s=20)
    checks.equal("the SDK gave nothing up", sdk.errors, [])
    checks.equal("each event is stored once", copies(rapport.timeline("user_id", "killed")), once_each(sdk.ids))
    accepted = rapport.outcomes()["accepted"] - before["accepted"]
    checks.equal("the outcomes say so", accepted, EVENTS_PER_KILL)


def a_restart(rapport):
    print("a stop and a start")
    people = ["user-plain", *FAULTS]
    before = [copies(rapport.timeline("user_id", person)) for person in people], rapport.outcomes()
    checks.equal("the server stops when asked", rapport.stop(), 0)
    rapport.start()
    after = [copies(rapport.timeline("user_id", person)) for person in people], rapport.outcomes()
    checks.equal("everything is there again", after, before)


def the_doctor(rapport):
    print("what the doctor says")
    checks.equal("the server stops when asked", rapport.stop(), 0)
    checks.equal("folding every entry again gives what is there", rapport.verdict(), "sound")


with Rapport() as server:
    every_call_of_a_visitor_who_becomes_known(server, gzip=False)
    every_call_of_a_visitor_who_becomes_known(server, gzip=True)
    failures(server)
    a_kill(server)
    a_restart(server)
    the_doctor(server)
checks.finish()

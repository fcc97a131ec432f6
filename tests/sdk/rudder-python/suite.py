"""RudderStack's SDK for Python (rudder-sdk-python): every call arrives, finds its person, and survives failures."""

import datetime

from rapport import FAULTS, SERVER_KEY, Checks, Proxy, Rapport, copies, gained, once_each, sum_of
from rudderstack.analytics.client import Client

EVENTS_PER_FAULT = 30
REQUESTS_THAT_FAIL = 2

checks = Checks()


class Sdk:
    """A client of the SDK that remembers the message ids it made and the errors it met."""

    def __init__(self, host, **settings):
        self.errors = []
        self.ids = []
        remember = lambda error, batch: self.errors.append((getattr(error, "status", error), len(batch)))
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
    sdk.call("track", user_id=who, event="Order Completed", properties={"revenue": 9.99})
    sdk.done()
    checks.equal("the SDK met no error", sdk.errors, [])
    rapport.folded(before + len(sdk.ids))

    timeline = rapport.timeline("user_id", who)
    checks.equal("each call is in the known profile's timeline once", copies(timeline), once_each(sdk.ids))
    found = {entry["message_id"]: entry for entry in timeline if entry.get("message_id")}
    wanted = ["page", "track", "identify", "alias", "group", "screen", "track"]
    checks.equal("each call kept its kind", [found.get(id, {}).get("type") for id in sdk.ids], wanted)
    viewed = found.get(sdk.ids[1], {})
    checks.equal("a track kept its properties", viewed.get("properties"), {"price": 1.25})
    at = datetime.datetime.fromisoformat(viewed.get("timestamp", "1970-01-01T00:00:00Z").replace("Z", "+00:00"))
    checks.that("a track kept its time", abs((at - when).total_seconds()) < 5, str(at))
    known, anonymous = rapport.profile("user_id", who), rapport.profile("anonymous_id", visitor)
    checks.equal("the visitor is the known person", anonymous and anonymous["id"], known["id"])
    checks.equal("traits in the context are attributes", known["attributes"].get("firstName"), "Ada")
    checks.equal("the e-mail is an identifier", known["identifiers"].get("email"), [f"{who}@example.com"])


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
            checks.equal("events came twice if an answer was lost", sent > EVENTS_PER_FAULT, fault.endswith("after"))
            checks.equal("each event is stored once", copies(rapport.timeline("user_id", fault)), once_each(sdk.ids))
            checks.equal("the outcomes say so", gained(before, after), (EVENTS_PER_FAULT, sent - EVENTS_PER_FAULT))


def too_large(rapport):
    print("a batch over 4,000 KB")
    before = rapport.outcomes()
    sdk = Sdk(rapport.url)
    # The SDK closes a batch behind the event with which it passes 4 MB; this server takes 4,000 KB.
    for number in range(5):
        sdk.call("track", user_id="large", event="Large", properties={"number": number, "noise": "x" * 900_000})
    sdk.client.flush()
    checks.equal("the SDK drops it by design, and says so", sdk.errors, [(413, 5)])
    sdk.call("track", user_id="large", event="Small")
    sdk.done()
    after = rapport.folded(sum_of(before) + 1)
    checks.equal("what comes after it arrives", gained(before, after), (1, 0))


def an_unknown_key(rapport):
    print("an unknown key")
    errors = []
    client = Client("other", host=rapport.url, on_error=lambda error, _: errors.append(error.status), upload_interval=0.1)
    client.track(user_id="u", event="Lost")
    client.shutdown()
    checks.equal("the SDK is told", errors, [401])


with Rapport() as server:
    every_call_of_a_visitor_who_becomes_known(server, gzip=False)
    every_call_of_a_visitor_who_becomes_known(server, gzip=True)
    failures(server)
    too_large(server)
    an_unknown_key(server)
    checks.equal("the server stops when asked", server.stop(), 0)
    checks.equal("folding every entry again gives what is there", server.verdict(), "sound")
checks.finish()

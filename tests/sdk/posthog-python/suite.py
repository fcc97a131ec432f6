"""PostHog's SDK for Python (posthog): every call arrives, finds its person, and survives failures."""

import datetime
import uuid

from failures import failures_heal, refusals_are_taken
from posthog import Posthog
from rapport import SERVER_KEY, Checks, Rapport, copies, eventually, gained, once_each, sum_of
from story import check_known, check_moment

# One event more than a batch may have.
TOO_MANY = 2_501

checks = Checks()


class Sdk:
    """A client of the SDK that remembers the message ids it made and the errors it met."""

    def __init__(self, host, **settings):
        self.errors = []
        self.ids = []
        remember = lambda error, batch: self.errors.append((getattr(error, "status", error), len(batch)))
        self.client = Posthog(SERVER_KEY, host=host, on_error=remember, **{"flush_interval": 0.1, **settings})

    def call(self, kind, *arguments, **named):
        id = str(uuid.uuid4())
        getattr(self.client, kind)(*arguments, uuid=id, **named)
        self.ids.append(id)

    def send(self, user, number):
        self.call("capture", "Tried", distinct_id=user, properties={"number": number})

    def done(self):
        self.client.shutdown()


def every_call_of_a_visitor_who_becomes_known(rapport, gzip):
    print(f"every kind of call{', compressed' if gzip else ''}")
    who, company = (f"{kind}-{'gzip' if gzip else 'plain'}" for kind in ("user", "company"))
    visitor = str(uuid.uuid4())
    before = sum_of(rapport.outcomes())
    sdk = Sdk(rapport.url, gzip=gzip)
    when = datetime.datetime(2024, 5, 1, 12, 30, 0, 250000, tzinfo=datetime.timezone.utc)
    unknown = {"$process_person_profile": False}
    sdk.call("capture", "Product Viewed", distinct_id=visitor, properties={"price": 1.25, **unknown}, timestamp=when)
    sdk.call("capture", "$pageview", distinct_id=visitor, properties={"$current_url": "https://shop/milk", **unknown})
    sdk.call("set", distinct_id=who, properties={"email": f"{who}@example.com", "firstName": "Ada"})
    sdk.call("set_once", distinct_id=who, properties={"firstName": "Eve", "cameBy": "ad"})
    sdk.call("alias", previous_id=visitor, distinct_id=who)
    sdk.call("group_identify", "company", company, {"name": "Dairy"}, distinct_id=who)
    sdk.call("capture", "Order Completed", distinct_id=who, properties={"revenue": 9.99, "$set": {"plan": "gold"}})
    sdk.done()
    checks.equal("the SDK met no error", sdk.errors, [])
    rapport.folded(before + len(sdk.ids))

    timeline = rapport.timeline("user_id", who)
    checks.equal("each call is in the known profile's timeline once", copies(timeline), once_each(sdk.ids))
    found = {entry["message_id"]: entry for entry in timeline if entry.get("message_id")}
    wanted = ["track", "page", "identify", "identify", "alias", "group", "track"]
    checks.equal("each call became its kind", [found.get(id, {}).get("type") for id in sdk.ids], wanted)
    viewed = found.get(sdk.ids[0], {})
    checks.equal("a capture kept its properties", viewed.get("properties", {}).get("price"), 1.25)
    check_moment(checks, "a capture kept its time", viewed, when)
    known = check_known(rapport, checks, who, visitor)
    attributes = [known["attributes"].get(name) for name in ("firstName", "cameBy", "plan")]
    checks.equal("set writes, set_once only what is missing, $set with any event", attributes, ["Ada", "ad", "gold"])
    checks.equal("the company is described", rapport.ask(f"/companies/{company}")["attributes"].get("name"), "Dairy")


def flags(rapport):
    print("feature flags")
    client = Posthog(SERVER_KEY, host=rapport.url)
    checks.equal("there are none, and nothing fails", client.get_all_flags("user-plain"), {})
    client.shutdown()


def too_large(rapport):
    print("a batch of more events than one may have")
    before = rapport.outcomes()
    sdk = Sdk(rapport.url, flush_at=TOO_MANY, flush_interval=30)
    for _ in range(TOO_MANY):
        sdk.client.capture("Large", distinct_id="large")
    eventually("the SDK is told", lambda: sdk.errors, within_s=30)
    checks.equal("it drops the batch by design, and says so", sdk.errors, [(413, TOO_MANY)])
    sdk.client.capture("Small", distinct_id="large")
    sdk.done()
    checks.equal("what comes after it arrives", gained(before, rapport.folded(sum_of(before) + 1)), (1, 0))


with Rapport() as server:
    every_call_of_a_visitor_who_becomes_known(server, gzip=False)
    every_call_of_a_visitor_who_becomes_known(server, gzip=True)
    flags(server)
    of_ten = lambda url: Sdk(url, flush_at=10)
    failures_heal(server, checks, of_ten, events=20)
    refusals_are_taken(server, checks, of_ten)
    too_large(server)
    checks.equal("the server stops when asked", server.stop(), 0)
    checks.equal("folding every entry again gives what is there", server.verdict(), "sound")
checks.finish()

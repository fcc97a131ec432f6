"""A visitor who becomes known, told through every call that an SDK of Segment's kind has, and what must come of it."""

import datetime

from rapport import SERVER_KEY, copies, once_each, sum_of


class Caller:
    """A client of such an SDK, made by `make`, that remembers the message ids it made and the errors it met."""

    def __init__(self, make, host, key=SERVER_KEY, **settings):
        self.errors = []
        self.ids = []
        remember = lambda error, batch: self.errors.append((getattr(error, "status", error), len(batch)))
        self.client = make(key, host=host, on_error=remember, upload_interval=0.1, **settings)

    def call(self, kind, **arguments):
        was_queued, message = getattr(self.client, kind)(**arguments)
        assert was_queued, "the SDK's queue is full"
        self.ids.append(message["messageId"])

    def send(self, user, number):
        self.call("track", user_id=user, event="Tried", properties={"number": number})

    def done(self):
        self.client.shutdown()


def a_visitor_becomes_known(rapport, checks, sdk, name):
    """Tells the story through `sdk`, a `Caller`, under names that end in `name`."""
    who, visitor, company = (f"{kind}-{name}" for kind in ("user", "visitor", "company"))
    before = sum_of(rapport.outcomes())
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
    found = {entry["message_id"]: entry for entry in timeline if entry.get("message_id")}
    wanted = ["page", "track", "identify", "alias", "group", "screen", "track"]
    checks.equal("each call kept its kind", [found.get(id, {}).get("type") for id in sdk.ids], wanted)
    viewed = found.get(sdk.ids[1], {})
    checks.equal("a track kept its event", viewed.get("event"), "Product Viewed")
    checks.equal("a track kept its properties", viewed.get("properties"), {"price": 1.25})
    check_moment(checks, "a track kept its time", viewed, when)
    check_known(rapport, checks, who, visitor)


def check_moment(checks, what, entry, when):
    """A timestamp comes as the SDK sends it, corrected for a clock that is off by the few milliseconds of the way."""
    at = datetime.datetime.fromisoformat(entry.get("timestamp", "1970-01-01T00:00:00Z").replace("Z", "+00:00"))
    checks.that(what, abs((at - when).total_seconds()) < 5, str(at))


def check_known(rapport, checks, who, visitor):
    """The visitor is one person with the known one, with her ids and traits; returns that person."""
    known, anonymous = rapport.profile("user_id", who), rapport.profile("anonymous_id", visitor)
    checks.equal("the visitor is the known person", anonymous and anonymous["id"], known["id"])
    checks.that("the anonymous id is kept", visitor in known["identifiers"].get("anonymous_id", []), str(known))
    checks.equal("the e-mail is an identifier", known["identifiers"].get("email"), [f"{who}@example.com"])
    checks.equal("a trait is an attribute", known["attributes"].get("firstName"), "Ada")
    return known

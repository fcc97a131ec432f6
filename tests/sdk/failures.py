"""What every SDK is put through: first requests that go wrong in every way there is, and what became of its events.

`open(url)` starts a client of an SDK: `send(user, number)` makes an event, `done()` ends when the SDK has nothing left to
do, `ids` and `errors` are what it remembers. `failures.mjs` is the same for suites in Node.
"""

from proxy import FAULTS, REFUSALS, Proxy
from rapport import copies, eventually, gained, once_each, sum_of

REFUSED_WITHIN_S = 20


def failures_heal(rapport, checks, open, events=30, requests=2):
    """Whatever may heal: the SDK loses nothing, and each event is stored once."""
    with Proxy(rapport.url) as proxy:
        for fault in FAULTS:
            print(f"the first {requests} requests: {fault}")
            before = rapport.outcomes()
            proxy.fail(fault, requests)
            sdk = open(proxy.url)
            for number in range(events):
                sdk.send(fault, number)
            sdk.done()
            seen = proxy.seen()
            sent = seen["sent"]
            after = rapport.folded(sum_of(before) + sent)

            checks.equal("the SDK gave nothing up", sdk.errors, [])
            checks.equal("the requests did fail", seen["failed"], requests)
            checks.equal("events came twice if an answer was lost", sent > events, fault.endswith("after"))
            checks.equal("each event is stored once", copies(rapport.timeline("user_id", fault)), once_each(sdk.ids))
            checks.equal("the outcomes say so", gained(before, after), (events, sent - events))


def refusals_are_taken(rapport, checks, open, events=10):
    """Whatever is refused for good: the SDK gives up the events of that request and no other, and says so."""
    with Proxy(rapport.url) as proxy:
        for fault in REFUSALS:
            print(f"the first request: {fault}")
            user = f"refused-{fault}"
            before = rapport.outcomes()
            proxy.fail(fault, 1)
            sdk = open(proxy.url)
            for number in range(events):
                sdk.send(user, number)
            eventually("a request is refused", lambda: proxy.seen()["failed"] == 1, REFUSED_WITHIN_S, proxy.seen)
            for number in range(events):
                sdk.send(user, events + number)
            sdk.done()
            seen = proxy.seen()
            after = rapport.folded(sum_of(before) + seen["sent"])

            lost = seen["lost"]
            kept = [id for id in sdk.ids if id not in lost]
            checks.that("the refused request had events", len(lost) > 0)
            status = int(fault.split("-")[0])
            checks.equal("the SDK says what it gave up", sdk.errors, [(status, len(lost))])
            checks.equal("it is not sent again, and all others reach the server once", seen["copies"], once_each(kept))
            checks.equal("and are stored once", copies(rapport.timeline("user_id", user)), once_each(kept))
            checks.equal("the outcomes say so", gained(before, after), (len(kept), 0))

"""RudderStack's SDK for Python (rudder-sdk-python): every call arrives, finds its person, and survives failures."""

from failures import failures_heal, refusals_are_taken
from rapport import Checks, Rapport, gained, sum_of
from rudderstack.analytics.client import Client
from story import Caller, a_visitor_becomes_known

checks = Checks()


def too_large(rapport):
    print("a batch over 4,000 KB")
    before = rapport.outcomes()
    sdk = Caller(Client, rapport.url)
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
    sdk = Caller(Client, rapport.url, key="other")
    sdk.send("u", 1)
    sdk.done()
    checks.equal("the SDK is told", sdk.errors, [(401, 1)])


with Rapport() as server:
    for name, gzip in (("plain", False), ("gzip", True)):
        print(f"every kind of call, {name}")
        a_visitor_becomes_known(server, checks, Caller(Client, server.url, gzip=gzip), name)
    of_ten = lambda url: Caller(Client, url, upload_size=10)
    failures_heal(server, checks, of_ten)
    refusals_are_taken(server, checks, of_ten)
    too_large(server)
    an_unknown_key(server)
    checks.equal("the server stops when asked", server.stop(), 0)
    checks.equal("folding every entry again gives what is there", server.verdict(), "sound")
checks.finish()

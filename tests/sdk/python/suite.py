"""Segment's SDK for Python (segment-analytics-python): every call arrives, finds its person, and survives failures."""

from failures import failures_heal, refusals_are_taken
from proxy import FAULTS
from rapport import Checks, Rapport, copies, eventually, once_each
from segment.analytics.client import Client
from story import Caller, a_visitor_becomes_known

EVENTS_PER_KILL = 2_000

checks = Checks()


def a_kill(rapport):
    print("kill -9 while the SDK sends")
    before = rapport.outcomes()
    sdk = Caller(Client, rapport.url, upload_size=20)
    for number in range(EVENTS_PER_KILL):
        sdk.send("killed", number)
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
    for name, gzip in (("plain", False), ("gzip", True)):
        print(f"every kind of call, {name}")
        a_visitor_becomes_known(server, checks, Caller(Client, server.url, gzip=gzip), name)
    of_ten = lambda url: Caller(Client, url, upload_size=10)
    failures_heal(server, checks, of_ten)
    refusals_are_taken(server, checks, of_ten)
    a_kill(server)
    a_restart(server)
    the_doctor(server)
checks.finish()

"""Real purchases: the 69,659 of CDNOW's customers, sent by Segment's SDK for Python, all counted to the cent.

The file is the one that the PyPI package lifetimes ships; without it, ../shared/data/cdnow.txt beside the clone.
"""

import collections
import datetime
import decimal
import importlib.util
import json
import os
import sys
import time

from rapport import SERVER_KEY, Checks, Rapport, eventually
from segment.analytics.client import Client

PURCHASES = 69_659
CUSTOMERS = 23_570
FOLDED_WITHIN_S = 120

Purchase = collections.namedtuple("Purchase", "line customer date amount")

checks = Checks()


def data_file():
    found = importlib.util.find_spec("lifetimes")
    folders = list(found.submodule_search_locations) if found else []
    here = os.path.dirname(os.path.abspath(__file__))
    candidates = [os.path.join(folder, "datasets", "CDNOW_master.txt") for folder in folders]
    candidates.append(os.path.join(here, "../../../../shared/data/cdnow.txt"))
    for path in candidates:
        if os.path.exists(path):
            return path
    sys.exit("the CDNOW purchases are not there: " + ", ".join(candidates))


def purchases():
    """The file's lines after its heading: customer, date, number of CDs, amount in dollars."""
    with open(data_file(), encoding="ascii") as file:
        for line, text in enumerate(file):
            if line > 0 and text.strip():
                customer, date, _, amount = text.split()
                day = datetime.datetime.strptime(date, "%Y%m%d").replace(tzinfo=datetime.timezone.utc)
                yield Purchase(line, customer, day, decimal.Decimal(amount))


def send(rapport, all_purchases):
    """Sends every purchase; the same line has the same message id each time."""
    errors = []
    remember = lambda error, _batch: errors.append(error)
    client = Client(SERVER_KEY, host=rapport.url, max_queue_size=len(all_purchases), on_error=remember)
    start = time.monotonic()
    for purchase in all_purchases:
        client.track(
            user_id=purchase.customer,
            event="Order Completed",
            properties={"revenue": float(purchase.amount), "order_id": f"cdnow-{purchase.line}"},
            timestamp=purchase.date,
            message_id=f"cdnow-{purchase.line}",
        )
    client.shutdown()
    print(f"  sent {len(all_purchases)} in {time.monotonic() - start:.1f} s")
    checks.equal("the SDK met no error", errors, [])


def wait(rapport, word, count):
    start = time.monotonic()
    now = lambda: rapport.outcomes()[word]
    eventually(f"{count} events are {word}", lambda: now() >= count, FOLDED_WITHIN_S, now)
    print(f"  folded {time.monotonic() - start:.1f} s later")


def exported(rapport):
    """Every exported order as the file tells it: line, customer, amount."""
    file = os.path.join(rapport.directory, "export.ndjson")
    rapport.run("export", "--data", rapport.data, "--format", "ndjson", "--output", file)
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line, parse_float=decimal.Decimal)
            if event.get("event") == "Order Completed":
                yield event


def the_export_equals_the_file(rapport, all_purchases):
    events = list(exported(rapport))
    checks.equal("the export has every purchase once", len(events), PURCHASES)
    ids = collections.Counter(event["message_id"] for event in events)
    checks.equal("no message id is missing or doubled", ids, {f"cdnow-{one.line}": 1 for one in all_purchases})
    revenue = sum((decimal.Decimal(str(event["properties"]["revenue"])) for event in events), decimal.Decimal(0))
    checks.equal("the revenue is the file's, to the cent", revenue, sum(one.amount for one in all_purchases))


def the_segment_equals_a_plain_count(rapport, all_purchases, threshold):
    """Makes the segment and compares its members with those that counting the file gives; their profile ids."""
    bought = collections.Counter(purchase.customer for purchase in all_purchases)
    wanted = {customer for customer, times in bought.items() if times >= threshold}
    rule = f'did "Order Completed" at least {threshold} times'
    path = f"/segments/bought-{threshold}"
    start = time.monotonic()
    rapport.ask(path, "PUT", {"name": f"Bought {threshold} times", "rule": rule})
    segment = lambda: rapport.ask(path)
    is_built = lambda: segment()["size"] == len(wanted)
    eventually(f"the segment has {len(wanted)} members", is_built, FOLDED_WITHIN_S, segment)
    members = list(rapport.results(f"{path}/members"))
    print(f"  built and listed in {time.monotonic() - start:.1f} s")
    users = [user for member in members for user in member["identifiers"]["user_id"]]
    checks.equal(f"one user id for each member ({rule})", len(users), len(members))
    checks.equal("the members are those of a plain count", set(users), wanted)
    profiles = {member["profile_id"] for member in members}
    checks.equal("no profile is listed twice", len(profiles), len(members))
    return profiles


with Rapport() as server:
    everything = list(purchases())
    print("what the file holds")
    checks.equal("it has the known number of purchases", len(everything), PURCHASES)
    checks.equal("by the known number of customers", len({one.customer for one in everything}), CUSTOMERS)

    print("sent once")
    send(server, everything)
    wait(server, "accepted", PURCHASES)
    outcomes = server.outcomes()
    checks.equal("all are accepted, none is a duplicate", (outcomes["accepted"], outcomes["duplicate"]), (PURCHASES, 0))
    buyers = the_segment_equals_a_plain_count(server, everything, threshold=1)
    checks.equal("each customer has a profile", len(buyers), CUSTOMERS)
    loyal = the_segment_equals_a_plain_count(server, everything, threshold=3)

    print("sent again")
    send(server, everything)
    wait(server, "duplicate", PURCHASES)
    outcomes = server.outcomes()
    counted = (outcomes["accepted"], outcomes["duplicate"])
    checks.equal("all of the second time are duplicates", counted, (PURCHASES, PURCHASES))
    again = the_segment_equals_a_plain_count(server, everything, threshold=1)
    checks.equal("the profiles are the same", again, buyers)
    again = the_segment_equals_a_plain_count(server, everything, threshold=3)
    checks.equal("the segment's members are the same", again, loyal)
    the_segment_equals_a_plain_count(server, everything, threshold=4)

    print("after a stop")
    checks.equal("the server stops when asked", server.stop(), 0)
    the_export_equals_the_file(server, everything)
    checks.equal("folding every entry again gives what is there", server.verdict(), "sound")
checks.finish()

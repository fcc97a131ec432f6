"""Another engine: for rules that SQL can say, DuckDB finds the same members in the exported events.

Real purchases (CDNOW) with attributes beside them, then the demo's story with its merges. Each rule stands beside its
SQL, written from what the rule means.
"""

import collections
import datetime
import importlib.util
import json
import os
import sys
import time
import urllib.request

from rapport import SERVER_KEY, Checks, Rapport, eventually

import duckdb

BATCH = 500
BUILT_WITHIN_S = 240
DEMO_PEOPLE = "150"
NOON_1998 = datetime.datetime(1998, 1, 1, 12, tzinfo=datetime.timezone.utc)
NOON_1997 = datetime.datetime(1997, 7, 1, 12, tzinfo=datetime.timezone.utc)
# Everybody in the file buys first in the beginning of 1997.
NOON_FIRST = datetime.datetime(1997, 2, 15, 12, tzinfo=datetime.timezone.utc)

checks = Checks()
Asked = collections.namedtuple("Asked", "rule sql")
# One event, as DuckDB sees it: `p` is its properties.
EVENTS = """create or replace view e as select coalesce(profile, origin) as who, type, event, "at" as moment, cast(properties as json) as p
    from read_parquet({files}) where outcome = 'accepted'"""
# The attributes that identify set last.
ATTRIBUTES = """create or replace view a as select coalesce(profile, origin) as who, arg_max(cast(traits as json), "at") as t
    from read_parquet({files}) where outcome = 'accepted' and type = 'identify' group by all"""


def hours_since(moment):
    """Whole hours: a window of so many begins within an hour of noon, when nobody in the file buys."""
    return int((datetime.datetime.now(datetime.timezone.utc) - moment).total_seconds() // 3600)


def within(span):
    return f"moment > now_ - interval {span} and moment <= now_"


def times(event, having="count(*) >= 1", where="true"):
    """Who did it."""
    return f"select who from e where type = 'track' and event = '{event}' and {where} group by who having {having}"


def without(sql):
    """Everybody else."""
    return f"select distinct who from e where who not in ({sql})"


def both(*parts):
    return " intersect ".join(f"({part})" for part in parts)


def attribute(condition):
    return f"select who from a where {condition}"


def number(name):
    return f"cast(json_extract_string(p, '$.{name}') as decimal(18, 4))"


def text(name, of="p"):
    return f"json_extract_string({of}, '$.{name}')"


def of_purchases():
    bought, revenue = "Order Completed", number("revenue")
    year, older, first = (hours_since(noon) for noon in (NOON_1998, NOON_1997, NOON_FIRST))
    between = f"moment > now_ - interval {older} hours and moment <= now_ - interval {year} hours"
    did = f'did "{bought}"'
    code, age = text("code", "t"), f"cast({text('age', 't')} as integer)"
    return [
        Asked(f"{did} at least 3 times", times(bought, "count(*) >= 3")),
        Asked(f"{did} exactly 1 time ever", times(bought, "count(*) = 1")),
        Asked(f"{did} between 2 and 5 times", times(bought, "count(*) between 2 and 5")),
        Asked(f"{did} at least 2 times within {year} hours", times(bought, "count(*) >= 2", within(f"{year} hours"))),
        Asked(f"{did} more than {first} hours ago", times(bought, where=f"moment <= now_ - interval {first} hours")),
        Asked(f"{did} between {year} and {older} hours ago", times(bought, where=between)),
        Asked(
            f'{did} from "1998-01-01" and did not "{bought}" before "1997-02-01"',
            both(times(bought, where="moment >= '1998-01-01T00:00:00Z'"), without(times(bought, where="moment < '1997-02-01T00:00:00Z'"))),
        ),
        Asked(f"{did} where revenue >= 50 at least 2 times", times(bought, "count(*) >= 2", f"{revenue} >= 50")),
        Asked(
            f"{did} where revenue < 10 or quantity in (4, 5) at least 2 times",
            times(bought, "count(*) >= 2", f"({revenue} < 10 or {number('quantity')} in (4, 5))"),
        ),
        Asked(f"{did} with sum of revenue >= 250.5", times(bought, f"sum({revenue}) >= 250.5")),
        Asked(
            f"{did} with sum of revenue > 60 within {year} hours",
            times(bought, f"sum({revenue}) > 60", within(f"{year} hours")),
        ),
        Asked(
            f"{did} with average of revenue between 20 and 30",
            times(bought, f"sum({revenue}) between 20 * count(*) and 30 * count(*)"),
        ),
        Asked(f"{did} with min of revenue >= 25", times(bought, f"min({revenue}) >= 25")),
        Asked(f"{did} with max of revenue > 150", times(bought, f"max({revenue}) > 150")),
        Asked(f"{did} with distinct count of quantity >= 4", times(bought, f"count(distinct {number('quantity')}) >= 4")),
        Asked(
            f"{did} for the first time within {first} hours",
            times(bought, f"min(moment) > now_ - interval {first} hours"),
        ),
        Asked(
            f'{did} and did not "{bought}" within {year} hours',
            both(times(bought), without(times(bought, where=within(f"{year} hours")))),
        ),
        Asked(
            f'sequence "{bought}" where revenue >= 50 then "{bought}" where revenue < 12',
            f"select distinct x.who from e x join e y on x.who = y.who and y.moment > x.moment where x.event = '{bought}' and "
            f"y.event = '{bought}' and {revenue.replace('(p,', '(x.p,')} >= 50 and {revenue.replace('(p,', '(y.p,')} < 12",
        ),
        Asked('attribute plan in ("gold", "silver")', attribute(f"{text('plan', 't')} in ('gold', 'silver')")),
        Asked('attribute code starts with "C00" and attribute code ends with "7"', attribute(f"{code} like 'C00%7'")),
        Asked('attribute code matches "C0?1*"', attribute(f"{code} like 'C0_1%'")),
        Asked("attribute age between 30 and 40", attribute(f"{age} between 30 and 40")),
        Asked("attribute age != 30 and attribute nickname exists", attribute(f"{age} <> 30 and {text('nickname', 't')} is not null")),
        Asked(
            f'attribute plan = "gold" and not {did} at least 2 times',
            both(attribute(f"{text('plan', 't')} = 'gold'"), without(times(bought, "count(*) >= 2"))),
        ),
    ]


def of_the_story():
    """The demo's own segments by key, which are there already."""
    bought, viewed = "Order Completed", "Product Viewed"
    lapsing = both(
        times(bought, "count(*) >= 3", within("90 days")), without(times(bought, where=within("21 days")))
    )
    complained = times("Conversation Started", where=f"{text('kind')} = 'complaint' and {within('30 days')}")
    opened = times("Email Opened", where=within("45 days"))
    return {
        "regulars": times(bought, "count(*) >= 4", within("30 days")),
        "lapsing": lapsing,
        "cart_abandoners": both(
            times("Product Added", where=within("2 hours")), without(times(bought, where=within("2 hours")))
        ),
        "cheese_lovers": times(viewed, "count(*) >= 5", f"{text('category')} = 'cheese' and {within('30 days')}"),
        "big_spenders": times(bought, "count(*) >= 3", f"{number('revenue')} >= 60 and {within('60 days')}"),
        "new_this_week": times("Signed Up", where=within("7 days")),
        "unhappy": complained,
        "win_back": both(lapsing, opened, without(complained)),
    }


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
    """Events of every purchase, and one that says who each customer is."""
    customers = {}
    with open(data_file(), encoding="ascii") as file:
        for line, row in enumerate(file):
            if line == 0 or not row.strip():
                continue
            customer, date, quantity, amount = row.split()
            customers.setdefault(customer, len(customers))
            yield {
                "type": "track",
                "userId": customer,
                "event": "Order Completed",
                "messageId": f"cdnow-{line}",
                "timestamp": f"{date[:4]}-{date[4:6]}-{date[6:]}T00:00:00Z",
                "properties": {"revenue": float(amount), "quantity": int(quantity)},
            }
    for customer, place in customers.items():
        traits = {"plan": ("gold", "silver", "basic")[place % 3], "code": f"C{customer}", "age": 20 + place % 50}
        if place % 5 == 0:
            traits["nickname"] = f"Nick {place}"
        yield {"type": "identify", "userId": customer, "messageId": f"who-{customer}", "traits": traits}


def send(server, events):
    for first in range(0, len(events), BATCH):
        body = json.dumps({"writeKey": SERVER_KEY, "batch": events[first : first + BATCH]}).encode()
        request = urllib.request.Request(f"{server.url}/v1/batch", data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()
    accepted = lambda: server.outcomes()["accepted"]
    eventually("everything is folded", lambda: accepted() >= len(events), BUILT_WITHIN_S, accepted)


def members(server, key):
    """The members of a segment by number, and when they were asked for."""
    path = f"/segments/{key}"
    segment = lambda: server.ask(path)
    eventually(f"{key} is built", lambda: segment()["state"] == "live", BUILT_WITHIN_S, segment)
    asked = datetime.datetime.now(datetime.timezone.utc)
    ids = [member["profile_id"] for member in server.results(f"{path}/members")]
    return {int(profile_id.removeprefix("prf_")) for profile_id in ids}, asked


def compare(what, found, asked, sql):
    """Whoever leaves while the question is asked may be among the answers or not: timers have a second."""
    answers = []
    for moment in (asked, asked - datetime.timedelta(seconds=1), asked + datetime.timedelta(seconds=2)):
        query = sql.replace("now_", f"timestamptz '{moment.isoformat()}'")
        answers.append({row[0] for row in duckdb.sql(query).fetchall()})
    checks.that(what, found in answers, f"{len(found)} members, DuckDB has {[len(answer) for answer in answers]}")
    return len(found)


def exported(server):
    file = os.path.join(server.directory, "export.parquet")
    checks.equal("the server stops when asked", server.stop(), 0)
    server.run("export", "--data", server.data, "--format", "parquet", "--output", file)
    files = [file]
    if os.path.isdir(file):
        files = sorted(os.path.join(file, name) for name in os.listdir(file) if name.endswith(".parquet"))
    for view in (EVENTS, ATTRIBUTES):
        duckdb.sql(view.format(files=repr(files)))


duckdb.sql("set timezone = 'UTC'")
print("real purchases")
with Rapport() as server:
    rules = of_purchases()
    # Half of the rules are there before the events come, the others are built from history.
    for number_of, asked in enumerate(rules[::2]):
        server.ask(f"/segments/live-{number_of}", "PUT", {"name": asked.rule, "rule": asked.rule})
    send(server, list(purchases()))
    for number_of, asked in enumerate(rules[1::2]):
        server.ask(f"/segments/built-{number_of}", "PUT", {"name": asked.rule, "rule": asked.rule})
    keys = {asked.rule: f"{('live', 'built')[place % 2]}-{place // 2}" for place, asked in enumerate(rules)}
    answers = {asked.rule: members(server, keys[asked.rule]) for asked in rules}
    exported(server)
    sizes = [compare(f"{asked.rule} ({keys[asked.rule]})", *answers[asked.rule], asked.sql) for asked in rules]
    checks.that("each rule has members", min(sizes) > 0, repr(sizes))
    everybody = len(duckdb.sql("select distinct who from e").fetchall())
    checks.that("and none has everybody", max(sizes) < everybody, repr(sizes))

print("the demo's story")
with Rapport() as server:
    server.run("demo", "--to", server.url, "--people", DEMO_PEOPLE)
    story = of_the_story()
    checks.equal("its segments are these", {one["key"] for one in server.results("/segments")}, set(story))
    time.sleep(1)
    answers = {key: members(server, key) for key in story}
    exported(server)
    sizes = {key: compare(key, *answers[key], sql) for key, sql in story.items()}
    checks.that("most have members", sum(size > 0 for size in sizes.values()) > 5, repr(sizes))
checks.finish()

"""DuckDB opens the Parquet files of history, live and exported, and counts what Rapport counts."""

import glob
import os

from rapport import SERVER_KEY, Checks, Rapport, eventually
from segment.analytics.client import Client

import duckdb

PEOPLE = 200
EVENTS_PER_PERSON = 10
FLUSH_AGE_MS = "200"
FLUSHED_WITHIN_S = 20

checks = Checks()


def send(rapport):
    client = Client(SERVER_KEY, host=rapport.url)
    for person in range(PEOPLE):
        client.identify(user_id=f"person-{person}", traits={"firstName": f"P{person}"})
        for number in range(EVENTS_PER_PERSON):
            event = "Product Viewed" if number % 2 else "Order Completed"
            client.track(user_id=f"person-{person}", event=event, properties={"revenue": number + 0.25})
    client.shutdown()
    return PEOPLE * (1 + EVENTS_PER_PERSON)


def counts(what, files, total):
    """The counts that DuckDB finds in `files` are those that were sent."""
    checks.that(f"{what}: there are files", len(files) > 0)
    if not files:
        return
    history = f"read_parquet({files!r}, union_by_name=true)"
    accepted = f"from {history} where outcome = 'accepted'"
    ask = lambda sql: duckdb.sql(sql).fetchall()
    checks.equal(f"{what}: every event is a row", ask(f"select count(*) {accepted}"), [(total,)])
    checks.equal(f"{what}: no row is doubled", ask(f"select count(distinct message_id) {accepted}"), [(total,)])
    half = PEOPLE * EVENTS_PER_PERSON // 2
    by_event = ask(f"select event, count(*) {accepted} and type = 'track' group by event order by event")
    checks.equal(f"{what}: events by name", by_event, [("Order Completed", half), ("Product Viewed", half)])
    people = ask(f"select count(distinct coalesce(profile, origin)) {accepted}")
    checks.equal(f"{what}: people", people, [(PEOPLE,)])
    amount = "cast(json_extract_string(properties, '$.revenue') as decimal(18, 2))"
    wanted = PEOPLE * sum(number + 0.25 for number in range(0, EVENTS_PER_PERSON, 2))
    revenue = ask(f"select sum({amount}) {accepted} and event = 'Order Completed'")
    checks.equal(f"{what}: revenue out of the properties", float(revenue[0][0]), wanted)


def parquet_files(folder):
    return sorted(glob.glob(os.path.join(folder, "**", "*.parquet"), recursive=True))


def rows(files):
    return duckdb.sql(f"select count(*) from read_parquet({files!r})").fetchall()[0][0] if files else 0


with Rapport(RAPPORT_FLOW_FLUSH_AGE_MS=FLUSH_AGE_MS) as server:
    total = send(server)
    outcomes = server.folded(total)
    checks.equal("all are accepted", outcomes["accepted"], total)
    history = os.path.join(server.data, "history")
    flushed = lambda: rows(parquet_files(history))
    eventually(f"{total} events are in files", lambda: flushed() >= total, FLUSHED_WITHIN_S, flushed)
    counts("live files", parquet_files(history), total)

    checks.equal("the server stops when asked", server.stop(), 0)
    exported = os.path.join(server.directory, "export.parquet")
    server.run("export", "--data", server.data, "--format", "parquet", "--output", exported)
    counts("export", parquet_files(exported) if os.path.isdir(exported) else [exported], total)
checks.finish()

"""DuckDB opens the Parquet files of history, live and exported, and counts what Rapport counts."""

import glob
import os

from rapport import SERVER_KEY, Checks, Rapport
from segment.analytics.client import Client

import duckdb

PEOPLE = 200
EVENTS_PER_PERSON = 10

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


with Rapport() as server:
    total = send(server)
    outcomes = server.folded(total)
    checks.equal("all are accepted", outcomes["accepted"], total)
    checks.equal("the server stops when asked", server.stop(), 0)

    live = sorted(glob.glob(os.path.join(server.data, "history", "**", "*.parquet"), recursive=True))
    counts("live files", live, total)

    folder = os.path.join(server.directory, "export.parquet")
    server.run("export", "--data", server.data, "--format", "parquet", "--output", folder)
    is_folder = os.path.isdir(folder)
    written = sorted(glob.glob(os.path.join(folder, "**", "*.parquet"), recursive=True)) if is_folder else [folder]
    counts("export", written, total)
checks.finish()

"""Real purchases as files: the 69,659 of CDNOW's customers, written by DuckDB as CSV and as Parquet, imported once and again.

The file is the one that the PyPI package lifetimes ships; without it, ../shared/data/cdnow.txt beside the clone.
"""

import decimal
import importlib.util
import json
import os
import sys
import time
import urllib.parse
import urllib.request

from rapport import API_TOKEN, Checks, Rapport, eventually

import duckdb

PURCHASES = 69_659
CUSTOMERS = 23_570
IMPORTED_WITHIN_S = 240
# Nothing is inside a window of a millisecond: what tells rows apart then is history.
WINDOW_MS = "1"

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


def write_files(folder):
    """The purchases as separated values, packed, and as Parquet with a date and a decimal; their revenue."""
    with open(data_file(), encoding="ascii") as file:
        rows = [line.split() for line in file][1:]
    rows = [row for row in rows if row]
    plain = os.path.join(folder, "plain.csv")
    with open(plain, "w", encoding="ascii") as file:
        file.write("customer_id,date,number_of_cds,dollar_value\n")
        file.writelines(",".join(row) + "\n" for row in rows)
    columns = "{'customer_id': 'VARCHAR', 'date': 'VARCHAR', 'number_of_cds': 'INTEGER', 'dollar_value': 'DECIMAL(9, 2)'}"
    duckdb.sql(
        f"create or replace table purchases as select customer_id, strptime(date, '%Y%m%d')::date as date, "
        f"number_of_cds, dollar_value from read_csv('{plain}', header=true, columns={columns})"
    )
    csv, parquet = os.path.join(folder, "cdnow.csv.gz"), os.path.join(folder, "cdnow.parquet")
    duckdb.sql(f"copy purchases to '{csv}' (format csv, header, compression gzip)")
    duckdb.sql(f"copy purchases to '{parquet}' (format parquet)")
    return csv, parquet, sum((decimal.Decimal(row[3]) for row in rows), decimal.Decimal(0)), len(rows)


def upload(rapport, path):
    """Begins an import over HTTP, without a mapping; its id."""
    source = rapport.ask("/sources")["results"][0]["id"]
    query = urllib.parse.urlencode({"source": source, "name": os.path.basename(path)})
    with open(path, "rb") as file:
        headers = {"Authorization": f"Bearer {API_TOKEN}"}
        request = urllib.request.Request(f"{rapport.url}/api/v1/imports?{query}", data=file.read(), headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["id"]


def ended(rapport, import_id):
    show = lambda: rapport.ask(f"/imports/{import_id}")
    is_over = lambda: show()["state"] in ("done", "failed", "cancelled")
    start = time.monotonic()
    eventually("the import is over", is_over, IMPORTED_WITHIN_S, show)
    print(f"  over after {time.monotonic() - start:.1f} s")
    return show()


def counts(shown):
    return tuple(shown[name] for name in ("state", "rows_read", "accepted", "duplicate", "rows_rejected"))


def the_export_equals_the_file(rapport, revenue):
    file = os.path.join(rapport.directory, "export.ndjson")
    rapport.run("export", "--data", rapport.data, "--format", "ndjson", "--output", file)
    with open(file, encoding="utf-8") as lines:
        events = [json.loads(line, parse_float=decimal.Decimal) for line in lines]
    orders = [event for event in events if event.get("event") == "Order Completed"]
    checks.equal("the export has every purchase once", len(orders), PURCHASES)
    checks.equal("no message id is doubled", len({order["message_id"] for order in orders}), PURCHASES)
    exported = sum((decimal.Decimal(str(order["properties"]["revenue"])) for order in orders), decimal.Decimal(0))
    checks.equal("the revenue is the file's, to the cent", exported, revenue)
    checks.equal("each customer is one profile", len({order["profile"] for order in orders}), CUSTOMERS)


with Rapport(RAPPORT_FLOW_DEDUP_WINDOW_MS=WINDOW_MS, RAPPORT_FLOW_FLUSH_AGE_MS="500") as server:
    csv, parquet, revenue, rows = write_files(server.directory)
    checks.equal("the file has the known number of purchases", rows, PURCHASES)

    print("as CSV, killed in the middle")
    first = upload(server, csv)
    moved = lambda: server.ask(f"/imports/{first}")["rows_read"]
    eventually("the import is on its way", lambda: moved() > 5_000, IMPORTED_WITHIN_S, moved)
    server.kill()
    server.start()
    checks.equal("it goes on and doubles nothing", counts(ended(server, first)), ("done", PURCHASES, PURCHASES, 0, 0))

    print("as CSV again, when no id is inside the window any more")
    server.stop()
    server.start()
    seen = lambda: os.listdir(os.path.join(server.data, "seen"))
    eventually("ids left the window", lambda: not seen(), IMPORTED_WITHIN_S, seen)
    again = ended(server, upload(server, csv))
    checks.equal("all are there already", counts(again), ("done", PURCHASES, 0, PURCHASES, 0))

    print("as Parquet, by the command")
    told = server.run("import", parquet, "--source", "1", "--to", server.url).decode()
    wanted = f"{PURCHASES} rows read, 0 events accepted, {PURCHASES} there already, 0 rows rejected"
    checks.that(f"the same data is the same in another format: {told.strip()}", wanted in told)
    outcomes = server.outcomes()
    checks.equal("no event is accepted twice", outcomes["accepted"], PURCHASES)

    print("after a stop")
    checks.equal("the server stops when asked", server.stop(), 0)
    the_export_equals_the_file(server, revenue)
    checks.equal("folding every entry again gives what is there", server.verdict(), "sound")
checks.finish()

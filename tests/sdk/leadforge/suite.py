"""Both doors at once: a generated world of leads comes in through HubSpot's client and Segment's SDK together.

The PyPI package leadforge simulates a company that sells software: accounts, contacts, leads, opportunities, the calls,
mails and demos of its sellers, and the visits of its prospects. Records go through the CRM's door in batches of 100,
visits through the tracking door at the same time, and every count there is afterwards equals the generator's own.

LEADS sets how many leads there are: 400 where it is not set, 100,000 for the long run.
"""

import collections
import datetime
import os
import signal
import tempfile
import threading
import time
import urllib.parse

import hubspot.crm.associations.v4 as associations
import hubspot.crm.objects as objects
import hubspot.crm.properties as properties
import pandas
from hubspot import HubSpot
from leadforge.api.generator import Generator
from rapport import API_TOKEN, SERVER_KEY, Checks, Rapport, eventually
from segment.analytics.client import Client

LEADS = int(os.environ.get("LEADS", "400"))
SEED = 20260801
BATCH = 100
# As far as a search counts.
COUNTED = 10_000
RECIPE = "b2b_saas_procurement_v1"
WITHIN_S = max(600, LEADS // 20)

# A property of every object that holds the generator's own name of a thing, so that sending twice makes nothing twice.
ORIGIN = "generator_id"
OBJECTS = ("companies", "leads", "deals", "calls", "emails", "meetings")

# What the generator calls an activity or an end, and what the CRM does.
ACTIVITIES = {"call": "calls", "email": "emails", "demo": "meetings", "meeting": "meetings"}
STAGES = collections.defaultdict(lambda: "qualifiedtobuy", closed_won="closedwon", closed_lost="closedlost")

# Built-in association types (docs/hubspot.md): from the first object to the second.
CONTACT_TO_COMPANY, DEAL_TO_CONTACT, DEAL_TO_COMPANY = 279, 3, 341
ACTIVITY_TO_CONTACT = {"calls": 194, "emails": 198, "meetings": 200}

VISITS = {"pricing_page": "Pricing Page Viewed", "demo_page": "Demo Page Viewed", "website": "Website Viewed"}
OFTEN = 3

checks = Checks()


def world():
    """The generator's tables, by name."""
    generator = Generator.from_recipe(RECIPE, seed=SEED, exposure_mode="research_instructor")
    bundle = generator.generate(n_accounts=LEADS // 5, n_contacts=LEADS // 2, n_leads=LEADS)
    with tempfile.TemporaryDirectory() as folder:
        bundle.save(folder)
        tables = os.path.join(folder, "tables")
        read = lambda name: pandas.read_parquet(os.path.join(tables, name))
        return {name.removesuffix(".parquet"): read(name) for name in sorted(os.listdir(tables))}


def rows(table):
    return table.to_dict("records")


def mail_of(contact):
    return f"{contact}@prospects.example"


def instant(day):
    return f"{str(day)[:10]}T12:00:00.000Z"


class Crm:
    """HubSpot's own client, pointed at the server under test."""

    def __init__(self, server):
        self.server = server
        self.client = HubSpot(access_token=API_TOKEN, host=server.url)
        self.ids = {}

    def define(self):
        for name in OBJECTS:
            definition = properties.PropertyCreate(
                name=ORIGIN, label="Generator's id", type="string", field_type="text", has_unique_value=True,
                group_name=self.client.crm.properties.groups_api.get_all(name).results[0].name,
            )
            self.client.crm.properties.core_api.create(name, definition)

    def upsert(self, kind, key, wanted):
        """Sends records in batches: `wanted` are pairs of their key and their properties. Says how many are new."""
        known, new = self.ids.setdefault(kind, {}), 0
        for batch in batches(wanted):
            inputs = [
                objects.SimplePublicObjectBatchInputUpsert(id=value, id_property=key, properties={**given, key: value})
                for value, given in batch
            ]
            body = objects.BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs)
            answer = self.client.crm.objects.batch_api.upsert(kind, body)
            new += sum(1 for record in answer.results if record.new)
            for record in answer.results:
                known[record.properties[key]] = record.id
        return new

    def link(self, source, target, category_id, pairs):
        for batch in batches(pairs):
            inputs = [
                associations.PublicAssociationMultiPost(
                    _from=associations.PublicObjectId(id=one), to=associations.PublicObjectId(id=other),
                    types=[associations.AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=category_id)],
                )
                for one, other in batch
            ]
            body = associations.BatchInputPublicAssociationMultiPost(inputs=inputs)
            self.client.crm.associations.v4.batch_api.create(source, target, body)

    def link_by_default(self, source, target, pairs):
        for batch in batches(pairs):
            inputs = [
                associations.PublicDefaultAssociationMultiPost(
                    _from=associations.PublicObjectId(id=one), to=associations.PublicObjectId(id=other)
                )
                for one, other in batch
            ]
            body = associations.BatchInputPublicDefaultAssociationMultiPost(inputs=inputs)
            self.client.crm.associations.v4.batch_api.create_default(source, target, body)

    def total(self, kind, **equal):
        """How many there are: as a search says, which counts to COUNTED and no further, and then exactly."""
        filters = [objects.Filter(property_name=name, operator="EQ", value=value) for name, value in equal.items()]
        groups = [objects.FilterGroup(filters=filters)] if filters else []
        request = objects.PublicObjectSearchRequest(filter_groups=groups, limit=1, properties=[], sorts=[], after="0")
        found = self.client.crm.objects.search_api.do_search(kind, request).total
        if found < COUNTED:
            return found
        query = [("total", "exact"), ("limit", 1), *(("filter", f"{name}:eq:{value}") for name, value in equal.items())]
        return self.server.ask(f"/records/{kind}?{urllib.parse.urlencode(query)}")["total"]

    def linked(self, kind, record, other):
        page = self.client.crm.associations.v4.basic_api.get_page(kind, record, other, limit=500)
        return {str(link.to_object_id) for link in page.results}

    def everything(self, kind, names):
        return self.client.crm.objects.get_all(kind, properties=names)


def batches(everything):
    batch = []
    for one in everything:
        batch.append(one)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def load(crm, tables):
    """Everything that sellers would have typed in; how many records of each object were new."""
    new, ids = {}, crm.ids
    new["companies"] = crm.upsert("companies", ORIGIN, (
        (row["account_id"], {"name": row["company_name"], "domain": f"{row['account_id']}.example", "state": row["region"]})
        for row in rows(tables["accounts"])
    ))
    new["contacts"] = crm.upsert("contacts", "email", (
        (mail_of(row["contact_id"]), {"lastname": row["contact_id"], "jobtitle": row["job_title"]})
        for row in rows(tables["contacts"])
    ))
    crm.link("contacts", "companies", CONTACT_TO_COMPANY, (
        (ids["contacts"][mail_of(row["contact_id"])], ids["companies"][row["account_id"]]) for row in rows(tables["contacts"])
    ))
    leads = {row["lead_id"]: row for row in rows(tables["leads"])}
    contact_of = {lead: ids["contacts"][mail_of(row["contact_id"])] for lead, row in leads.items()}
    new["leads"] = crm.upsert("leads", ORIGIN, ((lead, {"hs_lead_name": f"Lead {lead}"}) for lead in leads))
    crm.link_by_default("leads", "contacts", ((ids["leads"][lead], contact_of[lead]) for lead in leads))
    deals = rows(tables["opportunities"])
    new["deals"] = crm.upsert("deals", ORIGIN, (
        (row["opportunity_id"], {
            "dealname": f"Deal {row['opportunity_id']}", "amount": str(row["estimated_acv"]), "pipeline": "default",
            "dealstage": STAGES[row["stage"]],
        })
        for row in deals
    ))
    deal_ids = ids["deals"]
    crm.link("deals", "contacts", DEAL_TO_CONTACT, ((deal_ids[row["opportunity_id"]], contact_of[row["lead_id"]]) for row in deals))
    crm.link("deals", "companies", DEAL_TO_COMPANY, (
        (deal_ids[row["opportunity_id"]], ids["companies"][leads[row["lead_id"]]["account_id"]]) for row in deals
    ))
    for kind, activities in activities_by_object(tables).items():
        new[kind] = crm.upsert(kind, ORIGIN, (
            (row["activity_id"], {"hs_timestamp": instant(row["activity_timestamp"])}) for row in activities
        ))
        crm.link(kind, "contacts", ACTIVITY_TO_CONTACT[kind], (
            (ids[kind][row["activity_id"]], contact_of[row["lead_id"]]) for row in activities
        ))
    return new


def activities_by_object(tables):
    by_object = collections.defaultdict(list)
    for row in rows(tables["sales_activities"]):
        by_object[ACTIVITIES[row["activity_type"]]].append(row)
    return by_object


def visit(server, tables):
    """The visits of the same prospects: each signs in with the address that the CRM knows."""
    contact_of = dict(zip(tables["leads"]["lead_id"], tables["leads"]["contact_id"]))
    visits = rows(tables["sessions"])
    errors = []
    client = Client(SERVER_KEY, host=server.url, max_queue_size=2 * len(visits) + 10, on_error=lambda error, _: errors.append(error))
    visitors = sorted({contact_of[row["lead_id"]] for row in visits})
    for contact in visitors:
        client.identify(anonymous_id=f"visitor-{contact}", traits={"email": mail_of(contact)}, message_id=f"who-{contact}")
    for row in visits:
        client.track(
            anonymous_id=f"visitor-{contact_of[row['lead_id']]}", event=VISITS[row["session_type"]], message_id=row["session_id"],
            properties={"pages": row["page_views"], "seconds": row["session_duration_seconds"]},
            timestamp=datetime.datetime.fromisoformat(instant(row["session_timestamp"]).replace("Z", "+00:00")),
        )
    client.shutdown()
    checks.equal("the tracking SDK met no error", errors, [])
    return len(visitors) + len(visits)


def both_doors(server, crm, tables):
    """Loads through both doors at once; what was new behind the CRM's, and how many events went through the other."""
    sent = []
    start = time.monotonic()
    thread = threading.Thread(target=lambda: sent.append(visit(server, tables)))
    thread.start()
    new = load(crm, tables)
    thread.join()
    count = sum(len(known) for known in crm.ids.values())
    print(f"  {count} records and {sent[0]} events in {time.monotonic() - start:.1f} s")
    return new, sent[0]


def the_counts_are_the_generators(crm, tables):
    deals = tables["opportunities"]
    by_object = activities_by_object(tables)
    wanted = {
        "companies": len(tables["accounts"]), "contacts": len(tables["contacts"]), "leads": len(tables["leads"]),
        "deals": len(deals), **{kind: len(activities) for kind, activities in by_object.items()},
    }
    for kind, count in wanted.items():
        checks.equal(f"as many {kind} as the generator made", crm.total(kind), count)
    for stage, count in collections.Counter(STAGES[stage] for stage in deals["stage"]).items():
        checks.equal(f"as many deals in {stage}", crm.total("deals", dealstage=stage), count)
    amounts = sum(float(deal.properties["amount"]) for deal in crm.everything("deals", ["amount"]))
    checks.equal("the deals are worth what the generator says", round(amounts, 2), round(float(deals["estimated_acv"].sum()), 2))


def the_links_are_the_generators(crm, tables):
    ids = crm.ids
    staff = collections.defaultdict(set)
    for row in rows(tables["contacts"]):
        staff[row["account_id"]].add(ids["contacts"][mail_of(row["contact_id"])])
    looked_at = sorted(staff)[:: max(1, len(staff) // 50)]
    found = {account: crm.linked("companies", ids["companies"][account], "contacts") for account in looked_at}
    checks.equal("companies have the contacts they should", found, {account: staff[account] for account in looked_at})
    deals = collections.defaultdict(set)
    contact_of = dict(zip(tables["leads"]["lead_id"], tables["leads"]["contact_id"]))
    for row in rows(tables["opportunities"]):
        deals[contact_of[row["lead_id"]]].add(ids["deals"][row["opportunity_id"]])
    looked_at = sorted(deals)[:: max(1, len(deals) // 50)]
    found = {contact: crm.linked("contacts", ids["contacts"][mail_of(contact)], "deals") for contact in looked_at}
    checks.equal("contacts have the deals they should", found, {contact: deals[contact] for contact in looked_at})


def contacts_are_profiles(server, crm, tables):
    """One record each: the profile that visited is the contact that sellers know."""
    contact_of = dict(zip(tables["leads"]["lead_id"], tables["leads"]["contact_id"]))
    visits = collections.Counter((contact_of[row["lead_id"]], row["session_type"]) for row in rows(tables["sessions"]))
    often = {mail_of(contact) for (contact, kind), times in visits.items() if kind == "pricing_page" and times >= OFTEN}
    rule = f'did "{VISITS["pricing_page"]}" at least {OFTEN} times'
    server.ask("/segments/keen", "PUT", {"name": "Keen", "rule": rule})
    eventually("the segment is built", lambda: server.ask("/segments/keen")["size"] == len(often), 120,
               lambda: (server.ask("/segments/keen"), len(often)))
    members = list(server.results("/segments/keen/members"))
    checks.equal("who looked at prices often is who the generator says",
                 {mail for member in members for mail in member["identifiers"]["email"]}, often)
    contacts = {f"prf_{crm.ids['contacts'][mail]}" for mail in often}
    checks.equal("a contact is a profile", {str(member["profile_id"]) for member in members}, contacts)


with Rapport() as server:
    signal.alarm(WITHIN_S)
    tables = world()
    crm = Crm(server)
    crm.define()

    print("both doors at once")
    new, events = both_doors(server, crm, tables)
    server.folded(events)
    the_counts_are_the_generators(crm, tables)
    the_links_are_the_generators(crm, tables)
    contacts_are_profiles(server, crm, tables)

    print("all of it again")
    again, _ = both_doors(server, crm, tables)
    checks.equal("nothing is new the second time", set(again.values()), {0})
    server.folded(2 * events)
    the_counts_are_the_generators(crm, tables)
    the_links_are_the_generators(crm, tables)

    print("after a stop")
    checks.equal("the server stops when asked", server.stop(), 0)
    checks.equal("folding every entry again gives what is there", server.verdict(), "sound")
checks.finish()

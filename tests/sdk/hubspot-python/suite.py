"""HubSpot's client for Python (hubspot-api-client) against the HubSpot-compatible API: every family of it.

Each answer is walked with the client's own models: what they require is there, and every word is one they know.
"""

import ast
import http.server
import inspect
import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request

import hubspot
from hubspot.crm import associations, companies, contacts, deals, lists, objects, pipelines, properties, schemas
from hubspot.crm.associations import v4 as links
from hubspot.crm.associations.v4 import schema as labels
from hubspot.events import send as events
from hubspot import webhooks
from hubspot.utils.signature import Signature
from urllib3.util.retry import Retry

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from models import ALLOWED, walked
from rapport import API_TOKEN, Checks, Rapport, SERVER_KEY, eventually, reference

checks = Checks()
walked_members = 0


def client(rapport, **others):
    return hubspot.HubSpot(access_token=API_TOKEN, host=rapport.url, base_url=rapport.url, **others)


def good(what, answer):
    """An answer that the client's models accept."""
    global walked_members
    faults, seen = walked(answer)
    walked_members += seen
    checks.that(what, answer is not None and not faults, f"{faults or 'the client returned nothing'}")
    return answer


def status(call, *arguments, **named):
    """The status that a call was answered with."""
    return call(*arguments, **named)[1]


def failure(call, *arguments, **named):
    """Status and body of a call that must fail."""
    try:
        answer = call(*arguments, **named)
    except Exception as error:
        if not hasattr(error, "status"):
            raise
        return error.status, json.loads(error.body)
    return 0, {"message": f"it did not fail: {shown(answer)}"}


def shown(answer):
    return answer.to_dict() if hasattr(answer, "to_dict") else answer


def raw(rapport, method, path, body=None, headers=None, token=API_TOKEN):
    """Status, headers and body of a request as it is sent here."""
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    sent = {"Authorization": f"Bearer {token}", **(headers or {})}
    request = urllib.request.Request(f"{rapport.url}{path}", data=data, headers=sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
            return answer.status, answer.headers, json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        return error.code, error.headers, json.loads(error.read() or b"null")


def new(**values):
    return objects.SimplePublicObjectInputForCreate(properties=values, associations=[])


def contacts_one_at_a_time(rapport, api):
    print("contacts, one at a time")
    basic = api.crm.contacts.basic_api
    wanted = contacts.SimplePublicObjectInputForCreate(
        properties={"email": "ada@example.org", "firstname": "Ada", "lastname": "Lovelace"}, associations=[])
    made, code, _ = basic.create_with_http_info(wanted)
    good("a contact is made", made)
    checks.equal("with 201", code, 201)
    checks.equal("its values are those that were sent", made.properties["firstname"], "Ada")
    checks.equal("its id is the text of a number", made.id, str(int(made.id)))
    checks.equal("the property hs_object_id is its id", made.properties["hs_object_id"], made.id)
    read = good("it is read", basic.get_by_id(made.id, properties=["email", "lastname", "no_such_property"]))
    checks.equal("with the properties asked for and no others but the usual",
                 set(read.properties), {"email", "lastname", "createdate", "lastmodifieddate", "hs_object_id"})
    by_email = good("it is read by its e-mail address", basic.get_by_id("ada@example.org", id_property="email"))
    checks.equal("and is the same", by_email.id, made.id)
    code, body = failure(basic.create, wanted)
    checks.equal("the same address again is 409", (code, body["category"]), (409, "CONFLICT"))
    checks.equal("in the words connectors read", body["message"], f"Contact already exists. Existing ID: {made.id}")
    checks.that("with a correlation id", len(body["correlationId"]) == 36, body)
    changed = contacts.SimplePublicObjectInput(properties={"firstname": "Augusta", "lastname": ""})
    after, code, _ = basic.update_with_http_info(made.id, changed)
    good("it is changed", after)
    checks.equal("with 200", code, 200)
    checks.equal("an empty text clears", (after.properties["firstname"], after.properties["lastname"]), ("Augusta", None))
    checks.that("it changed later than it was made", after.updated_at >= made.created_at)
    code, body = failure(basic.update, made.id, contacts.SimplePublicObjectInput(properties={"no_such": "1"}))
    checks.equal("an unknown property is 400", (code, body["category"]), (400, "VALIDATION_ERROR"))
    checks.equal("and is named", (body["errors"][0]["code"], body["errors"][0]["context"]["propertyName"]),
                 ("PROPERTY_DOESNT_EXIST", ["no_such"]))
    history = good("its history is read", basic.get_by_id(made.id, properties_with_history=["firstname"]))
    values = [one.value for one in history.properties_with_history["firstname"]]
    checks.equal("newest first", values, ["Augusta", "Ada"])
    checks.equal("an unknown id is 404", failure(basic.get_by_id, "999999999")[0], 404)
    checks.equal("what is no id is 404", failure(basic.get_by_id, "somebody")[0], 404)
    checks.equal("it is archived with 204", status(basic.archive_with_http_info, made.id), 204)
    checks.equal("then it is not found", failure(basic.get_by_id, made.id)[0], 404)
    gone = good("but among the archived", basic.get_by_id(made.id, archived=True))
    checks.that("which it says", gone.archived and gone.archived_at is not None, shown(gone))


def pages(rapport, api):
    print("pages")
    names = [f"page-{number:03}" for number in range(250)]
    for start in range(0, 250, 100):
        inputs = [companies.SimplePublicObjectBatchInputForCreate(properties={"name": name}, associations=[])
                  for name in names[start:start + 100]]
        batch = companies.BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs)
        api.crm.companies.batch_api.create(batch)
    found = api.crm.companies.get_all(properties=["name"])
    checks.equal("the client's own walker finds all of them once", [one.properties["name"] for one in found], names)
    page = good("a page is as long as asked", api.crm.companies.basic_api.get_page(limit=7))
    checks.equal("it has seven", len(page.results), 7)
    checks.that("and a next one", page.paging.next.after and page.paging.next.link.startswith("/crm/v3/objects/"))
    last = api.crm.companies.basic_api.get_page(limit=100, after=found[149].id)
    checks.equal("the last page says nothing of a next", (len(last.results), last.paging), (100, None))
    usual = api.crm.companies.basic_api.get_page()
    checks.equal("where nobody says, ten", len(usual.results), 10)
    checks.equal("a page of 101 is 400", failure(api.crm.companies.basic_api.get_page, limit=101)[0], 400)
    checks.equal("with histories 50 are the most",
                 failure(api.crm.companies.basic_api.get_page, limit=51, properties_with_history=["name"])[0], 400)


def batches(rapport, api):
    print("batches")
    batch_api = api.crm.contacts.batch_api
    inputs = [contacts.SimplePublicObjectBatchInputForCreate(
        properties={"email": f"batch-{number}@example.org", "firstname": "Batch"}, associations=[],
        object_write_trace_id=f"trace-{number}") for number in range(3)]
    inputs[1].properties["no_such"] = "1"
    answer, code, _ = batch_api.create_with_http_info(
        contacts.BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs))
    good("two of three are made", answer)
    checks.equal("with 207", (code, type(answer).__name__), (207, "BatchResponseSimplePublicObjectWithErrors"))
    checks.equal("the others are errors", (len(answer.results), answer.num_errors, len(answer.errors)), (2, 1, 1))
    checks.equal("paired by their traces", answer.errors[0].context["objectWriteTraceId"], ["trace-1"])
    checks.equal("results too", [one.object_write_trace_id for one in answer.results], ["trace-0", "trace-2"])
    ids = [one.id for one in answer.results]
    del inputs[1].properties["no_such"]
    one = contacts.BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs[1:2])
    made, code, _ = batch_api.create_with_http_info(one)
    checks.equal("a batch without errors is 201", (code, type(made).__name__), (201, "BatchResponseSimplePublicObject"))
    code, body = failure(batch_api.create, one)
    checks.equal("one in which nothing is done is the error itself", code, 409)
    ids.insert(1, made.results[0].id)

    def read(*names, **others):
        return batch_api.read_with_http_info(contacts.BatchReadInputSimplePublicObjectId(
            inputs=[contacts.SimplePublicObjectId(id=name) for name in names], properties=["email"],
            properties_with_history=[], **others))

    answer, code, _ = read(*ids)
    good("they are read", answer)
    checks.equal("with 200, in order", (code, [one.id for one in answer.results]), (200, ids))
    answer, code, _ = read("batch-0@example.org", "nobody@example.org", id_property="email")
    good("by a unique property", answer)
    checks.equal("what is not there is an error", (code, len(answer.results), answer.num_errors), (207, 1, 1))
    checks.equal("with its id", answer.errors[0].context["ids"], ["nobody@example.org"])
    update = contacts.BatchInputSimplePublicObjectBatchInput(inputs=[
        contacts.SimplePublicObjectBatchInput(id=ids[0], properties={"firstname": "First"}),
        contacts.SimplePublicObjectBatchInput(id="batch-1@example.org", id_property="email",
                                              properties={"firstname": "Second"})])
    answer, code, _ = batch_api.update_with_http_info(update)
    good("they are changed", answer)
    checks.equal("with 200", (code, [one.properties["firstname"] for one in answer.results]), (200, ["First", "Second"]))
    upsert = contacts.BatchInputSimplePublicObjectBatchInputUpsert(inputs=[
        contacts.SimplePublicObjectBatchInputUpsert(id=f"batch-{number}@example.org", id_property="email",
                                                    properties={"lastname": "Upserted"}) for number in (2, 3)])
    answer, code, _ = batch_api.upsert_with_http_info(upsert)
    good("they are made or changed", answer)
    checks.equal("and say which", (code, [one.new for one in answer.results]), (200, [False, True]))
    again, _, _ = batch_api.upsert_with_http_info(upsert)
    checks.equal("a second time changes nothing", [one.new for one in again.results], [False, False])
    archive = contacts.BatchInputSimplePublicObjectId(inputs=[contacts.SimplePublicObjectId(id=one) for one in ids])
    checks.equal("they are archived with 204", status(batch_api.archive_with_http_info, archive), 204)
    checks.equal("twice is the same", status(batch_api.archive_with_http_info, archive), 204)
    many = contacts.BatchInputSimplePublicObjectId(inputs=[contacts.SimplePublicObjectId(id="1")] * 101)
    checks.equal("more than a hundred are 400", failure(batch_api.archive, many)[0], 400)


MINIMAL = {
    "companies": {"name": "Dairy"}, "deals": {"dealname": "Milk", "amount": "12.5"}, "tickets": {"subject": "Sour milk"},
    "products": {"name": "Milk", "price": "1.2"}, "line_items": {"name": "Milk", "quantity": "2"},
    "quotes": {"hs_title": "Milk for a year", "hs_expiration_date": "2027-01-31T00:00:00.000Z"}, "orders": {"hs_order_name": "0001"}, "carts": {"hs_cart_name": "A cart"},
    "leads": {"hs_lead_name": "A lead"}, "tasks": {"hs_task_subject": "Call", "hs_timestamp": "2026-11-26T10:00:00Z"},
    "calls": {"hs_call_title": "Hello", "hs_timestamp": "2026-11-26T10:00:00Z"},
    "emails": {"hs_email_subject": "Hello", "hs_timestamp": "2026-11-26T10:00:00Z", "hs_email_direction": "EMAIL"},
    "meetings": {"hs_meeting_title": "Lunch", "hs_timestamp": "2026-11-26T10:00:00Z"},
    "notes": {"hs_note_body": "Likes cheese", "hs_timestamp": "2026-11-26T10:00:00Z"},
    "communications": {"hs_communication_body": "Hi", "hs_timestamp": "2026-11-26T10:00:00Z",
                       "hs_communication_channel_type": "SMS", "hs_communication_logged_from": "CRM"},
    "feedback_submissions": {"hs_survey_name": "How was it"}, "subscriptions": {"hs_name": "Milk every day"},
}


def every_type(rapport, api):
    print("every type")
    made = {}
    for name, values in MINIMAL.items():
        basic = api.crm.objects.basic_api
        try:
            one = basic.create(name, new(**values))
        except objects.ApiException as error:
            checks.that(f"{name} are made", False, error.body)
            continue
        good(f"{name} are made", one)
        made[name] = one.id
        read = basic.get_by_id(name, one.id, properties=list(values))
        kept = {key: read.properties[key] for key in values}
        same = all(kept[key] in (value, value.replace("00Z", "00.000Z")) for key, value in values.items())
        checks.that(f"{name} are read as they were written", same, f"{kept}")
        page = good(f"{name} are listed", basic.get_page(name, limit=1))
        checks.equal(f"{name} are there", len(page.results), 1)
        checks.equal(f"{name} are archived", status(basic.archive_with_http_info, name, one.id), 204)
    return made


def searches(rapport, api):
    print("searches")
    basic, search = api.crm.deals.basic_api, api.crm.deals.search_api
    for number in range(12):
        values = {"dealname": f"Cheese round {number}", "amount": str(number * 10)}
        if number % 2:
            values["description"] = "ripened in a cave"
        basic.create(deals.SimplePublicObjectInputForCreate(properties=values, associations=[]))

    def found(*filters, **others):
        group = deals.FilterGroup(filters=[deals.Filter(**one) for one in filters])
        asked = {"filter_groups": [group] if filters else [], "properties": ["dealname", "amount"], "sorts": ["amount"],
                 "limit": 100, **others}
        answer = search.do_search(deals.PublicObjectSearchRequest(**asked))
        return answer

    def amounts(*filters, **others):
        return [int(float(one.properties["amount"])) // 10 for one in found(*filters, **others).results]

    cheese = {"property_name": "dealname", "operator": "CONTAINS_TOKEN", "value": "chee*"}
    good("an empty search finds all", search.do_search(deals.PublicObjectSearchRequest()))
    good("a search is answered", found(cheese))
    for operator, others, expected in [
        ("EQ", {"value": "30"}, [3]), ("NEQ", {"value": "30"}, [0, 1, 2, *range(4, 12)]),
        ("LT", {"value": "20"}, [0, 1]), ("LTE", {"value": "20"}, [0, 1, 2]), ("GT", {"value": "90"}, [10, 11]),
        ("GTE", {"value": "90"}, [9, 10, 11]), ("BETWEEN", {"value": "30", "high_value": "50"}, [3, 4, 5]),
        ("IN", {"values": ["10", "110"]}, [1, 11]), ("NOT_IN", {"values": [str(n * 10) for n in range(10)]}, [10, 11]),
    ]:
        got = amounts(cheese, {"property_name": "amount", "operator": operator, **others})
        checks.equal(f"{operator} finds what it says", got, expected)
    described = {"property_name": "description", "operator": "HAS_PROPERTY"}
    checks.equal("HAS_PROPERTY finds those with a value", amounts(cheese, described), [1, 3, 5, 7, 9, 11])
    described["operator"] = "NOT_HAS_PROPERTY"
    checks.equal("NOT_HAS_PROPERTY the others", amounts(cheese, described), [0, 2, 4, 6, 8, 10])
    token = {"property_name": "description", "operator": "CONTAINS_TOKEN", "value": "cave"}
    checks.equal("CONTAINS_TOKEN finds a word", amounts(token), [1, 3, 5, 7, 9, 11])
    token = {"property_name": "dealname", "operator": "NOT_CONTAINS_TOKEN", "value": "cheese"}
    checks.equal("NOT_CONTAINS_TOKEN finds none of them", amounts(token), [])
    checks.equal("words are looked for everywhere", len(found(query="round 7").results), 1)
    for sorts in (["-amount"], [{"propertyName": "amount", "direction": "DESCENDING"}]):
        checks.equal(f"sorted by {sorts}", amounts(cheese, sorts=sorts), list(range(11, -1, -1)))
    first = found(cheese, limit=5)
    second = found(cheese, limit=5, after=first.paging.next.after)
    third = found(cheese, limit=5, after=second.paging.next.after)
    got = [len(page.results) for page in (first, second, third)]
    checks.equal("pages follow each other", (got, first.total, third.paging), ([5, 5, 2], 12, None))
    either = [deals.FilterGroup(filters=[deals.Filter(property_name="amount", operator="EQ", value=str(value))])
              for value in (10, 20)]
    checks.equal("groups are alternatives", amounts(filter_groups=either), [1, 2])
    for wrong in ({"property_name": "no_such", "operator": "EQ", "value": "1"},
                  {"property_name": "amount", "operator": "EQ", "value": "much"}):
        checks.equal(f"{wrong['property_name']} = {wrong['value']} is 400", failure(found, wrong)[0], 400)
    checks.equal("a page of 201 is 400", failure(found, cheese, limit=201)[0], 400)
    seen = 0
    for number in range(50):
        one = api.crm.contacts.basic_api.create(
            contacts.SimplePublicObjectInputForCreate(properties={"email": f"now-{number}@example.org"}, associations=[]))
        asked = contacts.Filter(property_name="email", operator="EQ", value=f"now-{number}@example.org")
        answer = api.crm.contacts.search_api.do_search(
            contacts.PublicObjectSearchRequest(filter_groups=[contacts.FilterGroup(filters=[asked])]))
        seen += [one.id] == [found.id for found in answer.results]
    checks.equal("fifty contacts are each found the moment they are made", seen, 50)


def associated(rapport, api):
    print("associations")
    ada = api.crm.contacts.basic_api.create(new(email="linked@example.org"))
    dairy = api.crm.companies.basic_api.create(new(name="Linked dairy"))
    deal = api.crm.deals.basic_api.create(deals.SimplePublicObjectInputForCreate(
        properties={"dealname": "Linked"}, associations=[deals.PublicAssociationsForObject(
            to=deals.PublicObjectId(id=ada.id),
            types=[deals.AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=3)])]))
    basic, batch = api.crm.associations.v4.basic_api, api.crm.associations.v4.batch_api
    found = good("a link made with a record is there", basic.get_page("contacts", ada.id, "deals"))
    checks.equal("from the other side", [one.to_object_id for one in found.results], [deal.id])
    checks.equal("by its number there", found.results[0].association_types[0].type_id, 4)
    read = api.crm.deals.basic_api.get_by_id(deal.id, associations=["contacts"])
    good("it is read with the record", read)
    checks.equal("by its name", [(one.id, one.type) for one in read.associations["contacts"].results],
                 [(ada.id, "deal_to_contact")])
    spec = [links.AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=279)]
    made, code, _ = basic.create_with_http_info("contacts", ada.id, "companies", dairy.id, spec)
    good("two records are linked", made)
    checks.equal("with 201", code, 201)
    plain, code, _ = basic.create_default_with_http_info("0-3", deal.id, "company", dairy.id)
    good("without a label, and without a body", plain)
    checks.equal("with 200", code, 200)
    ask = links.BatchInputPublicFetchAssociationsBatchRequest(
        inputs=[links.PublicFetchAssociationsBatchRequest(id=ada.id)])
    answer = good("links are read many at a time", batch.get_page("contacts", "companies", ask))
    checks.equal("as they are", [one.to_object_id for one in answer.results[0].to], [dairy.id])
    post = links.BatchInputPublicAssociationMultiPost(inputs=[links.PublicAssociationMultiPost(
        _from=links.PublicObjectId(id=ada.id), to=links.PublicObjectId(id=dairy.id), types=spec)])
    answer, code, _ = batch.create_with_http_info("contacts", "companies", post)
    good("and made", answer)
    checks.equal("with 201", code, 201)
    away = links.BatchInputPublicAssociationMultiArchive(inputs=[links.PublicAssociationMultiArchive(
        _from=links.PublicObjectId(id=ada.id), to=[links.PublicObjectId(id=dairy.id)])])
    checks.equal("and taken away with 204", status(batch.archive_with_http_info, "contacts", "companies", away), 204)
    checks.equal("then there is none", basic.get_page("contacts", ada.id, "companies").results, [])
    checks.equal("one at a time as well", status(basic.archive_with_http_info, "deals", deal.id, "companies", dairy.id), 204)
    checks.equal("an unknown kind is 400", failure(basic.create, "contacts", ada.id, "companies", dairy.id, [
        links.AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=9999)])[0], 400)
    checks.equal("no such record is 404", failure(basic.create, "contacts", "99999999", "companies", dairy.id, spec)[0], 404)
    old = api.crm.associations.batch_api
    pair = associations.BatchInputPublicAssociation(inputs=[associations.PublicAssociation(
        _from=associations.PublicObjectId(id=ada.id), to=associations.PublicObjectId(id=dairy.id),
        type="contact_to_company")])
    good("by name in the older version", old.create("contacts", "companies", pair))
    ids = associations.BatchInputPublicObjectId(inputs=[associations.PublicObjectId(id=ada.id)])
    answer = good("read there", old.read("contacts", "companies", ids))
    checks.that("by name", "contact_to_company" in [one.type for one in answer.results[0].to], shown(answer))
    kinds = good("its kinds are listed", api.crm.associations.schema.types_api.get_all("contacts", "companies"))
    checks.that("with their names", "contact_to_company" in [one.name for one in kinds.results], shown(kinds))
    checks.equal("and away", status(old.archive_with_http_info, "contacts", "companies", pair), 204)
    return ada, dairy


def labelled(rapport, api, ada, dairy):
    print("labels and limits")
    definitions = api.crm.associations.v4.schema.definitions_api
    wanted = labels.PublicAssociationDefinitionCreateRequest(name="buyer", label="Buyer", inverse_label="Buys for")
    made = good("a label is made", definitions.create("contacts", "companies", wanted))
    checks.equal("in both directions", [one.label for one in made.results], ["Buyer", "Buys for"])
    buyer = made.results[0]
    checks.equal("as somebody's own", buyer.category, "USER_DEFINED")
    spec = [links.AssociationSpec(association_category=buyer.category, association_type_id=buyer.type_id)]
    pair = good("records are linked by it", api.crm.associations.v4.basic_api.create(
        "contacts", ada.id, "companies", dairy.id, spec))
    checks.equal("which the answer says", pair.labels, ["Buyer"])
    listed = good("labels are listed", definitions.get_all("contacts", "companies"))
    checks.that("with it", buyer.type_id in [one.type_id for one in listed.results])
    change = labels.PublicAssociationDefinitionUpdateRequest(association_type_id=buyer.type_id, label="Purchaser")
    checks.equal("it is renamed with 204", status(definitions.update_with_http_info, "contacts", "companies", change), 204)
    limits = api.crm.associations.v4.schema.definition_configurations_api
    one = labels.PublicAssociationDefinitionConfigurationCreateRequest(
        category=buyer.category, type_id=buyer.type_id, max_to_object_ids=1)
    batch = labels.BatchInputPublicAssociationDefinitionConfigurationCreateRequest(inputs=[one])
    answer, code, _ = limits.batch_create_with_http_info("contacts", "companies", batch)
    checks.equal("a limit is set with 201", code, 201)
    good("all limits are listed", limits.get_all())
    mine = good("those between two types as well", limits.get_all_between_two_object_types("contacts", "companies"))
    checks.equal("with the number", [one.user_enforced_max_to_object_ids for one in mine.results], [1])
    other = api.crm.companies.basic_api.create(new(name="One too many"))
    refused = failure(api.crm.associations.v4.basic_api.create, "contacts", ada.id, "companies", other.id, spec)
    checks.equal("one link more is refused", refused[0], 400)
    purge = labels.BatchInputPublicAssociationSpec(
        inputs=[labels.PublicAssociationSpec(category=buyer.category, type_id=buyer.type_id)])
    checks.equal("the limit goes with 204", status(limits.batch_remove_with_http_info, "contacts", "companies", purge), 204)
    checks.equal("the label as well", status(definitions.remove_with_http_info, "contacts", "companies", buyer.type_id), 204)


def defined(rapport, api):
    print("properties and groups")
    groups, core, batch = api.crm.properties.groups_api, api.crm.properties.core_api, api.crm.properties.batch_api
    group, code, _ = groups.create_with_http_info(
        "deals", properties.PropertyGroupCreate(name="dairy", label="Dairy", display_order=3))
    good("a group is made", group)
    checks.equal("with 201", code, 201)
    good("it is changed", groups.update("deals", "dairy", properties.PropertyGroupUpdate(label="The dairy")))
    checks.equal("and read", good("by name", groups.get_by_name("deals", "dairy")).label, "The dairy")
    good("groups are listed", groups.get_all("deals"))
    option = lambda value: properties.OptionInput(label=value.title(), value=value, hidden=False, display_order=0)
    for kind, field, value, wrong, others in [
        ("string", "text", "a text", None, {}), ("number", "number", "12.5", "many", {}),
        ("bool", "booleancheckbox", "true", "perhaps", {}), ("date", "date", "2026-11-26", "soon", {}),
        ("datetime", "date", "2026-11-26T10:00:00.000Z", "later", {}),
        ("enumeration", "select", "cow", "whale", {"options": [option("cow"), option("goat")]}),
        ("enumeration", "checkbox", "cow;goat", "cow;whale", {"options": [option("cow"), option("goat")]}),
    ]:
        name = f"my_{kind}_{field}"
        made, code, _ = core.create_with_http_info("deals", properties.PropertyCreate(
            name=name, label=name, type=kind, field_type=field, group_name="dairy", **others))
        good(f"a property of {kind} as {field} is made", made)
        checks.equal("with 201", (code, made.type, made.field_type, made.hubspot_defined), (201, kind, field, False))
        deal = api.crm.deals.basic_api.create(new(dealname=name, **{name: value}))
        read = api.crm.deals.basic_api.get_by_id(deal.id, properties=[name])
        checks.equal("its value comes back", read.properties[name], value)
        if wrong:
            code, body = failure(api.crm.deals.basic_api.create, new(dealname=name, **{name: wrong}))
            checks.equal(f"`{wrong}` is refused", (code, body["category"]), (400, "VALIDATION_ERROR"))
    good("a property is changed", core.update("deals", "my_string_text", properties.PropertyUpdate(label="Text")))
    checks.equal("twice the same name is 409", failure(core.create, "deals", properties.PropertyCreate(
        name="my_string_text", label="x", type="string", field_type="text", group_name="dairy"))[0], 409)
    all_of_them = good("properties are listed", core.get_all("deals"))
    checks.that("standard ones and own", {"dealname", "amount", "my_string_text"} <= {one.name for one in all_of_them.results})
    unique = properties.PropertyCreate(name="erp_id", label="ERP", type="string", field_type="text", group_name="dairy",
                                       has_unique_value=True)
    made, code, _ = batch.create_with_http_info("deals", properties.BatchInputPropertyCreate(inputs=[unique]))
    good("properties are made many at a time", made)
    checks.equal("with 201", code, 201)
    first = api.crm.deals.basic_api.create(new(dealname="one", erp_id="E-1"))
    code, body = failure(api.crm.deals.basic_api.create, new(dealname="two", erp_id="E-1"))
    checks.equal("a unique value is not given twice", (code, str(first.id) in body["message"]), (409, True))
    found = api.crm.deals.basic_api.get_by_id("E-1", id_property="erp_id")
    checks.equal("and names its record", found.id, first.id)
    names = [properties.PropertyName(name="erp_id"), properties.PropertyName(name="no_such")]
    answer, code, _ = batch.read_with_http_info("deals", properties.BatchReadInputPropertyName(archived=False, inputs=names))
    good("and read", answer)
    checks.equal("with what is not there as errors", (code, answer.num_errors), (207, 1))
    checks.equal("an own property is archived", status(core.archive_with_http_info, "deals", "my_number_number"), 204)
    checks.equal("then it is not found", failure(core.get_by_name, "deals", "my_number_number")[0], 404)
    good("but among the archived", core.get_by_name("deals", "my_number_number", archived=True))
    checks.that("a standard one stays", failure(core.archive, "deals", "dealname")[0] in (400, 403, 409))


def staged(rapport, api):
    print("pipelines")
    core, stages = api.crm.pipelines.pipelines_api, api.crm.pipelines.pipeline_stages_api
    standard = good("pipelines are listed", core.get_all("deals"))
    checks.that("there is one from the start", len(standard.results) >= 1 and standard.results[0].stages)
    stage = lambda label, order, likely: pipelines.PipelineStageInput(
        label=label, display_order=order, metadata={"probability": likely})
    wanted = pipelines.PipelineInput(label="Cheese", display_order=5, stages=[
        stage("Tasting", 0, "0.2"), stage("Bought", 1, "1.0")])
    made, code, _ = core.create_with_http_info("deals", wanted)
    good("a pipeline is made", made)
    checks.equal("with 201 and its stages", (code, [one.label for one in made.stages]), (201, ["Tasting", "Bought"]))
    ids = [one.id for one in made.stages]
    deal = api.crm.deals.basic_api.create(new(dealname="Brie", pipeline=made.id, dealstage=ids[0]))
    checks.equal("a deal stands in it", deal.properties["dealstage"], ids[0])
    code, _ = failure(api.crm.deals.basic_api.create, new(dealname="Brie", pipeline=made.id, dealstage="nowhere"))
    checks.equal("at a stage that it has", code, 400)
    third, code, _ = stages.create_with_http_info("deals", made.id, stage("Lost", 2, "0.0"))
    good("a stage is added", third)
    checks.equal("with 201", code, 201)
    good("it is changed", stages.update("deals", made.id, third.id, pipelines.PipelineStagePatchInput(label="Gone")))
    checks.equal("and read", good("by id", stages.get_by_id("deals", made.id, third.id)).label, "Gone")
    good("stages are listed", stages.get_all("deals", made.id))
    good("the pipeline is changed", core.update("deals", made.id, pipelines.PipelinePatchInput(label="Cheeses")))
    replaced = good("and replaced", core.replace("deals", made.id, wanted))
    checks.equal("stages keep their ids by their labels", [one.id for one in replaced.stages], ids)
    good("what happened to it is told", api.crm.pipelines.pipeline_audits_api.get_audit("deals", made.id))
    good("and to a stage", api.crm.pipelines.pipeline_stage_audits_api.get_audit("deals", ids[0]))
    used = failure(core.archive, "deals", made.id, validate_references_before_delete=True)
    checks.that("one in use is kept when asked to be", used[0] in (400, 409), used)
    empty = core.create("deals", pipelines.PipelineInput(label="Empty", display_order=9, stages=[stage("Only", 0, "0.5")]))
    checks.equal("another goes with 204", status(core.archive_with_http_info, "deals", empty.id), 204)
    checks.equal("then it is not found", failure(core.get_by_id, "deals", empty.id)[0], 404)


def typed(rapport, api):
    print("schemas")
    core = api.crm.schemas.core_api
    own = lambda name: schemas.ObjectTypePropertyCreate(name=name, label=name.title(), type="string", field_type="text")
    egg = schemas.ObjectSchemaEgg(
        name="cows", labels=schemas.ObjectTypeDefinitionLabels(singular="Cow", plural="Cows"),
        primary_display_property="ear_tag", required_properties=["ear_tag"], searchable_properties=["ear_tag"],
        properties=[own("ear_tag"), own("breed")], associated_objects=["CONTACT"])
    made, code, _ = core.create_with_http_info(egg)
    good("a type is made", made)
    checks.equal("with 201", code, 201)
    checks.that("it has a number of its own", made.object_type_id.startswith("2-"), made.object_type_id)
    cow = None
    for spelling in (made.object_type_id, "cows", "cow", "p_cows", made.fully_qualified_name):
        cow = api.crm.objects.basic_api.create(spelling, new(ear_tag=f"tag {spelling}", breed="Jersey"))
    good("records of it are made, however it is spelled", cow)
    page = api.crm.objects.basic_api.get_page("cows", properties=["ear_tag"])
    checks.equal("all of the same type", len(page.results), 5)
    code, _ = failure(api.crm.objects.basic_api.create, "cows", new(breed="Jersey"))
    checks.equal("what is required is required", code, 400)
    good("types are listed", core.get_all())
    good("one is read", core.get_by_id("cows"))
    good("a standard one as well", core.get_by_id("contacts"))
    good("it is changed", core.update("cows", schemas.ObjectTypeDefinitionPatch(description="They give milk")))
    link = schemas.AssociationDefinitionEgg(
        from_object_type_id=made.object_type_id, to_object_type_id="0-2", name="cow_to_dairy")
    good("and can be linked", core.create_association("cows", link))
    dairy = api.crm.companies.basic_api.create(new(name="Cow owner"))
    good("which its records then are", api.crm.associations.v4.basic_api.create_default("cows", cow.id, "companies", dairy.id))
    checks.equal("no such type is 400", failure(api.crm.objects.basic_api.get_page, "unicorns")[0], 400)
    egg.name, egg.labels = "barns", schemas.ObjectTypeDefinitionLabels(singular="Barn", plural="Barns")
    core.create(egg)
    checks.equal("a type goes with 204", status(core.archive_with_http_info, "barns"), 204)


def listed(rapport, api):
    print("lists")
    core, members = api.crm.lists.lists_api, api.crm.lists.memberships_api
    people = [api.crm.contacts.basic_api.create(new(email=f"list-{number}@example.org", city="Larkfield")).id
              for number in range(3)]
    made = good("a list is made", core.create(lists.ListCreateRequest(
        name="Tasters", object_type_id="0-1", processing_type="MANUAL")))
    number = made.list.list_id
    answer = good("contacts are put on it", members.add(number, people + ["99999999"]))
    checks.equal("each said", (answer.records_ids_added, answer.record_ids_missing), (people, ["99999999"]))
    answer = good("and taken off", members.add_and_remove(number, lists.MembershipChangeRequest(
        record_ids_to_add=[], record_ids_to_remove=people[:1])))
    checks.equal("each said", answer.record_ids_removed, people[:1])
    page = good("its members are listed", members.get_page(number))
    checks.equal("as they are", [one.record_id for one in page.results], people[1:])
    of = good("the lists of a contact as well", members.get_lists("0-1", people[1]))
    checks.equal("by number", [one.list_id for one in of.results], [number])
    operation = {"operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": ["Larkfield"],
                 "includeObjectsWithNoValueSet": False}
    filters = [{"filterType": "PROPERTY", "property": "city", "operation": operation}]
    inner = {"filterBranchType": "AND", "filterBranchOperator": "AND", "filterBranches": [], "filters": filters}
    branch = {"filterBranchType": "OR", "filterBranchOperator": "OR", "filterBranches": [inner], "filters": []}
    dynamic = good("a dynamic list is made", core.create(lists.ListCreateRequest(
        name="Larkfield", object_type_id="0-1", processing_type="DYNAMIC", filter_branch=branch)))
    dynamic = dynamic.list.list_id
    eventually("the dynamic list has its members", lambda: len(members.get_page(dynamic).results) == 3, 20)
    checks.equal("whoever fulfils its filters is on it", [one.record_id for one in members.get_page(dynamic).results], people)
    read = raw(rapport, "GET", f"/crm/v3/lists/{dynamic}?includeFilters=true")[2]
    same = read["list"]["filterBranch"]["filterBranches"][0]["filters"]
    checks.equal("its filters are told as they were asked", same, filters)
    checks.equal("nobody is put on it by name", failure(members.add, dynamic, people)[0], 400)
    operation["operationType"] = "CALENDAR_DATE"
    code, body = failure(core.create, lists.ListCreateRequest(
        name="Never", object_type_id="0-1", processing_type="DYNAMIC", filter_branch=branch))
    checks.equal("what a rule cannot say is refused", (code, body.get("subCategory")), (400, "FILTER_NOT_SUPPORTED"))
    found = good("lists are found", core.do_search(lists.ListSearchRequest(query="taster")))
    checks.equal("by name", (found.total, found.lists[0].list_id), (1, number))
    good("read by name", core.get_by_name("Tasters", "0-1"))
    good("renamed", core.update_name(number, list_name="Friends"))
    good("all read", core.get_all())
    checks.equal("the same name twice is 400", failure(core.create, lists.ListCreateRequest(
        name="friends", object_type_id="0-1", processing_type="MANUAL"))[0], 400)
    checks.equal("everybody is taken off with 204", status(members.remove_all_with_http_info, number), 204)
    checks.equal("a list goes with 204", status(core.remove_with_http_info, number), 204)
    checks.equal("then it is not found", failure(core.get_by_id, number)[0], 404)


def merged(rapport, api):
    print("merges")
    basic = api.crm.contacts.basic_api
    left = basic.create(new(email="left@example.org", firstname="Left"))
    right = basic.create(new(email="right@example.org", lastname="Right"))
    both = contacts.PublicMergeInput(primary_object_id=left.id, object_id_to_merge=right.id)
    one, code, _ = basic.merge_with_http_info(both)
    good("two contacts are one", one)
    checks.equal("with 200, and what both had", (code, one.properties["firstname"], one.properties["lastname"]),
                 (200, "Left", "Right"))
    checks.equal("the other's id leads there", basic.get_by_id(right.id).id, one.id)
    checks.equal("and so does its address", basic.get_by_id("right@example.org", id_property="email").id, one.id)
    code, body = failure(basic.purge, contacts.PublicGdprDeleteInput(object_id=left.id))
    checks.equal("forgetting somebody is not pretended", (code, body["category"]), (501, "NOT_IMPLEMENTED"))
    checks.equal("and nothing is gone", basic.get_by_id(left.id).id, one.id)


def same_people(rapport, api):
    print("contacts are profiles")
    made = api.crm.contacts.basic_api.create(new(email="both@example.org", firstname="Both"))
    profile = rapport.profile("email", "both@example.org")
    checks.that("a contact is a profile at once", profile is not None and profile["id"].endswith(made.id), profile)
    body = {"userId": "told", "traits": {"email": "told@example.org", "firstName": "Told"}}
    auth = {"x-write-key": SERVER_KEY, "Content-Type": "application/json"}
    request = urllib.request.Request(f"{rapport.url}/v1/identify", json.dumps(body).encode(), auth)
    urllib.request.urlopen(request, timeout=10).close()

    def told():
        answer = api.crm.contacts.search_api.do_search(contacts.PublicObjectSearchRequest(filter_groups=[
            contacts.FilterGroup(filters=[contacts.Filter(
                property_name="email", operator="EQ", value="told@example.org")])], properties=["firstname"]))
        return [one.properties["firstname"] for one in answer.results]

    eventually("whom a site identifies is a contact", lambda: told() == ["Told"], 20, told)
    checks.equal("with the name the site told", told(), ["Told"])
    send = events.BehavioralEventHttpCompletionRequest(
        event_name="cheese_tasted", email="told@example.org", properties={"cheese": "brie"}, uuid="event-1")
    code = api.events.send.basic_api.send_with_http_info(send)[1]
    checks.equal("an event is taken with 204", code, 204)
    batch = events.BatchedBehavioralEventHttpCompletionRequest(inputs=[send, events.BehavioralEventHttpCompletionRequest(
        event_name="cheese_bought", object_id=made.id, properties={"cheese": "brie"})])
    checks.equal("events as well", api.events.send.batch_api.send_with_http_info(batch)[1], 204)
    names = lambda kind, value: [one.get("event") for one in rapport.timeline(kind, value)]
    eventually("events are folded", lambda: "cheese_bought" in names("email", "both@example.org"), 20)
    checks.equal("each once, in the timeline of its person", names("email", "told@example.org").count("cheese_tasted"), 1)
    nobody = events.BehavioralEventHttpCompletionRequest(event_name="nobody", properties={})
    checks.equal("an event of nobody is 400", failure(api.events.send.basic_api.send, nobody)[0], 400)


def account(rapport, api):
    print("the account and its tokens")
    info = good("a token says what it is", api.oauth.access_tokens_api.get(API_TOKEN))
    checks.that("and what it opens", "crm.objects.contacts.read" in info.scopes, info.scopes)
    checks.equal("an unknown one is 404", failure(api.oauth.access_tokens_api.get, "nonsense")[0], 404)
    code, _, body = raw(rapport, "POST", "/oauth/v2/private-apps/get/access-token-info", {"tokenKey": API_TOKEN})
    checks.equal("a private app's is told", (code, sorted(body)), (200, ["appId", "hubId", "scopes", "userId"]))
    answer = api.api_request({"path": "/account-info/v3/details", "method": "GET"})
    checks.equal("the account as well", answer.json()["portalId"], info.hub_id)
    good("owners are listed", api.crm.owners.owners_api.get_page(limit=100))
    checks.equal("no such owner is 404", failure(api.crm.owners.owners_api.get_by_id, 987654)[0], 404)
    stranger = hubspot.HubSpot(access_token="nonsense", host=rapport.url)
    code, body = failure(stranger.crm.contacts.basic_api.get_page)
    checks.equal("a stranger is 401", (code, body["category"]), (401, "INVALID_AUTHENTICATION"))


class Receiver:
    """An app's endpoint, which believes nothing that the client's own helper does not."""

    def __init__(self, secret):
        self.secret = secret
        self.requests = []
        self.forged = []
        self.answer = 200
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.take(f"{receiver.url}", body, self.headers)
                self.send_response(receiver.answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook?tenant=7"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, url, body, headers):
        stamp, signature = headers["X-HubSpot-Request-Timestamp"], headers["X-HubSpot-Signature-v3"] or ""
        believed = Signature.is_valid(signature, self.secret, body, url, "POST", "v3", stamp)
        (self.requests if believed else self.forged).append(json.loads(body))

    def events(self):
        return [event for request in list(self.requests) for event in request]

    def kinds(self, number):
        return [event["subscriptionType"] for event in self.events() if event["objectId"] == int(number)]


def subscribed(rapport):
    print("webhooks")
    app = 4711
    api = hubspot.HubSpot(api_key=API_TOKEN, host=rapport.url)
    settings_api, subscriptions_api = api.webhooks.settings_api, api.webhooks.subscriptions_api
    checks.equal("an app without settings is 404", failure(settings_api.get_all, app)[0], 404)
    wanted = webhooks.SubscriptionCreateRequest(event_type="contact.creation", active=True)
    checks.equal("it has nowhere to be told", failure(subscriptions_api.create, app, wanted)[0], 400)
    receiver = Receiver("")
    target = {"targetUrl": receiver.url, "throttling": {"maxConcurrentRequests": 10}}
    code, _, body = raw(rapport, "PUT", f"/webhooks/v3/{app}/settings", target)
    checks.that("the first settings show the secret", code == 200 and body["clientSecret"], body)
    receiver.secret = body["clientSecret"]
    throttling = webhooks.ThrottlingSettings(max_concurrent_requests=5)
    change = webhooks.SettingsChangeRequest(target_url=receiver.url, throttling=throttling)
    told = good("settings are changed", settings_api.configure(app, change))
    checks.equal("to what was sent", (told.target_url, told.throttling.max_concurrent_requests), (receiver.url, 5))
    good("and read", settings_api.get_all(app))
    inside = webhooks.SettingsChangeRequest(target_url="http://169.254.169.254/latest", throttling=throttling)
    checks.equal("a target inside is 400", failure(settings_api.configure, app, inside)[0], 400)

    words = ast.literal_eval(ALLOWED.search(inspect.getsource(
        webhooks.SubscriptionCreateRequest.event_type.fset)).group(1))
    codes = {}
    for word in words:
        of_any, of_property = word.startswith("object."), word.endswith(".propertyChange")
        name = {"contact": "firstname", "deal": "dealname", "ticket": "subject", "object": "hs_lead_name"}.get(word.split(".")[0], "name")
        request = webhooks.SubscriptionCreateRequest(
            event_type=word, active=True, object_type_id="0-136" if of_any else None,
            property_name=name if of_property else None)
        try:
            made = subscriptions_api.create_with_http_info(app, request)
            codes[word] = made[1]
            good(f"{word} is subscribed to", made[0])
        except webhooks.ApiException as error:
            codes[word] = error.status
    absent = {word for word in words if word.startswith("conversation.") or word.endswith(".privacyDeletion")}
    checks.equal("whatever can happen here is 201", {codes[word] for word in set(words) - absent}, {201})
    checks.equal("what cannot is 501, and nothing is pretended", {codes[word] for word in absent}, {501})
    listed = good("subscriptions are listed", subscriptions_api.get_all(app)).results
    checks.equal("all of them", len(listed), len(words) - len(absent))
    checks.equal("the same again is 409", failure(subscriptions_api.create, app, wanted)[0], 409)
    one = next(one for one in listed if one.event_type == "ticket.creation")
    number = int(one.id)
    good("one is read", subscriptions_api.get_by_id(number, app))
    off = subscriptions_api.update(number, app, webhooks.SubscriptionPatchRequest(active=False))
    checks.equal("it is switched off", good("and answered", off).active, False)
    both = webhooks.BatchInputSubscriptionBatchUpdateRequest(inputs=[
        webhooks.SubscriptionBatchUpdateRequest(id=number, active=True),
        webhooks.SubscriptionBatchUpdateRequest(id=999999, active=True)])
    answer, code, _ = subscriptions_api.update_batch_with_http_info(app, both)
    checks.equal("a batch does what it can", (code, answer.num_errors, good("and says so", answer).results[0].active),
                 (207, 1, True))
    gone = next(int(one.id) for one in listed if one.event_type == "ticket.deletion")
    checks.equal("one is ended with 204", status(subscriptions_api.archive_with_http_info, gone, app), 204)
    checks.equal("then it is not found", failure(subscriptions_api.get_by_id, gone, app)[0], 404)

    crm = client(rapport)
    basic = crm.crm.contacts.basic_api
    person = basic.create(new(email="hooked@example.org", firstname="Hook")).id
    basic.update(person, contacts.SimplePublicObjectInput(properties={"firstname": "Hooked"}))
    other = basic.create(new(email="hooked-2@example.org", firstname="Two")).id
    deal = crm.crm.objects.basic_api.create("deals", new(dealname="Milk for the hooked")).id
    crm.crm.associations.v4.basic_api.create_default("contacts", person, "deals", deal)
    crm.crm.contacts.basic_api.merge(contacts.PublicMergeInput(primary_object_id=person, object_id_to_merge=other))
    crm.crm.objects.basic_api.archive("deals", deal)
    body = {"userId": "hooked-3", "traits": {"email": "hooked-3@example.org", "firstName": "Three"}}
    raw_headers = {"x-write-key": SERVER_KEY, "Content-Type": "application/json"}
    request = urllib.request.Request(f"{rapport.url}/v1/identify", json.dumps(body).encode(), raw_headers)
    urllib.request.urlopen(request, timeout=10).close()
    by_event = lambda: [event["objectId"] for event in receiver.events() if event["changeSource"] == "ANALYTICS"]
    eventually("a contact that a site identifies is told of", lambda: len(by_event()) >= 2, 20, receiver.events)
    survivor = min(int(person), int(other))
    expected = {"contact.creation", "contact.propertyChange", "contact.associationChange", "contact.merge"}
    eventually("everything is told", lambda: expected <= set(receiver.kinds(survivor)), 20, lambda: receiver.kinds(survivor))
    eventually("and what happened to the deal",
               lambda: {"deal.creation", "deal.associationChange", "deal.deletion"} <= set(receiver.kinds(deal)), 20,
               lambda: receiver.kinds(deal))
    checks.that("the making comes first", receiver.kinds(person)[0] == "contact.creation", receiver.kinds(person))
    names = [event["propertyValue"] for event in receiver.events()
             if event["objectId"] == int(person) and event.get("propertyName") == "firstname"]
    checks.equal("changes come in order", names[:2], ["Hook", "Hooked"])
    checks.equal("the client's helper believes every signature", receiver.forged, [])
    ids = [event["eventId"] for event in receiver.events()]
    checks.equal("each event is told once", len(ids), len(set(ids)))
    checks.that("no request has more than a hundred", max(map(len, receiver.requests)) <= 100)
    many = [contacts.SimplePublicObjectBatchInputForCreate(properties={"email": f"hook-{n}@example.org"}, associations=[])
            for n in range(100)]
    before = len(receiver.requests)
    made = crm.crm.contacts.batch_api.create(contacts.BatchInputSimplePublicObjectBatchInputForCreate(inputs=many)).results
    numbers = {int(one.id) for one in made}
    eventually("a hundred new ones are told of", lambda: numbers <= {event["objectId"] for event in receiver.events()}, 20)
    checks.that("together", len(receiver.requests) - before < 60, len(receiver.requests) - before)

    receiver.answer = 503
    patient = basic.create(new(email="patient@example.org")).id
    eventually("a receiver in trouble is told", lambda: receiver.kinds(patient), 20)
    rapport.kill()
    rapport.start()
    receiver.answer = 200
    tries = lambda: [event["attemptNumber"] for event in receiver.events() if event["objectId"] == int(patient)]
    eventually("after a kill again, and says how often it was tried", lambda: tries()[-1] >= 1, 60, tries)
    receiver.answer = 400
    refused = basic.create(new(email="refused@example.org")).id
    letters = lambda: [one for one in rapport.results(f"/dead-letters?destination=app-{app}")
                       if one.get("record") == f"0-1/{refused}"]
    eventually("what is refused is a dead letter", letters, 30)
    receiver.answer = 200
    seen = len(receiver.kinds(refused))
    for letter in letters():
        raw(rapport, "POST", f"/api/v1/dead-letters/{letter['id']}/redrive")
    eventually("which is sent again on request", lambda: len(receiver.kinds(refused)) > seen, 30)
    checks.equal("settings are taken away with 204", status(settings_api.clear_with_http_info, app), 204)
    checks.equal("the subscriptions stay", len(subscriptions_api.get_all(app).results), len(listed) - 1)


def quirks(rapport, api):
    print("quirks of the wire")
    person = api.crm.contacts.basic_api.create(new(email="quirk@example.org", firstname="Quirk")).id
    answers = []
    for base in ("/crm/v3/objects", "/crm/objects/2026-03", "/crm/objects/2026-09"):
        for name in ("contacts", "contact", "CONTACT", "0-1"):
            code, _, body = raw(rapport, "GET", f"{base}/{name}/{person}?properties=firstname")
            answers.append((code, body))
    checks.that("every spelling of an address answers the same", all(one == answers[0] for one in answers), answers[:2])
    checks.equal("which is an answer", answers[0][0], 200)
    slashed = [raw(rapport, "GET", path)[0] for path in ("/crm/v3/owners", "/crm/v3/owners/", "/crm/v3/lists", "/crm/v3/lists/")]
    checks.equal("a slash at the end is no matter", slashed, [200] * 4)
    both = [raw(rapport, "GET", f"/crm/v3/objects/contacts/{person}?{query}&archived=False")[2]["properties"]
            for query in ("properties=email&properties=city", "properties=email,city")]
    checks.equal("lists are repeated or have commas", both[0], both[1])
    checks.that("and are read", "city" in both[0] and "firstname" not in both[0], both[0])
    code, _, _ = raw(rapport, "GET", "/crm/v3/objects/contacts?limit=1", headers={"Content-Type": "application/json"})
    checks.equal("a GET with a content type is answered", code, 200)
    numbers = {"properties": {"dealname": "Typed", "amount": 12.5}}
    code, headers, body = raw(rapport, "POST", "/crm/v3/objects/deals", numbers)
    checks.equal("numbers are taken, and told as texts", (code, body["properties"]["amount"]), (201, "12.5"))
    checks.equal("as JSON", headers["Content-Type"], "application/json")
    checks.that("every value is a text or null", all(isinstance(one, (str, type(None))) for one in body["properties"].values()))
    search = {"filterGroups": [], "after": 0, "limit": 1, "sorts": []}
    checks.equal("`after` may be a number", raw(rapport, "POST", "/crm/v3/objects/deals/search", search)[0], 200)
    checks.equal("nothing at all is a search", raw(rapport, "POST", "/crm/v3/objects/deals/search", {})[0], 200)
    for method, path, body in (("POST", "/crm/v3/objects/contacts", b"{"), ("POST", "/crm/v3/objects/contacts", b"[]"),
                               ("POST", "/crm/v3/objects/contacts/batch/read", {"inputs": "all"})):
        code, _, body = raw(rapport, method, path, body)
        checks.equal(f"{method} {path} with a bad body is 400", (code, body["category"]), (400, "VALIDATION_ERROR"))
    code, _, body = raw(rapport, "GET", "/crm/v3/unheard/of")
    checks.equal("an unknown address is told in the same shape", (code, body["status"]), (404, "error"))
    code, headers, body = raw(rapport, "GET", "/crm/v3/objects/contacts?limit=1")
    checks.equal("what is left of the limit is told", headers["X-HubSpot-RateLimit-Interval-Milliseconds"], "10000")
    checks.that("and counts down", int(headers["X-HubSpot-RateLimit-Remaining"]) < int(headers["X-HubSpot-RateLimit-Max"]))
    _, headers, _ = raw(rapport, "POST", "/crm/v3/objects/deals/search", {})
    checks.equal("not on searches", headers["X-HubSpot-RateLimit-Max"], None)


def limits():
    print("limits")
    few = {"RAPPORT_READS_CRM_PER_TEN_SECONDS": "5", "RAPPORT_READS_CRM_SEARCHES_PER_SECOND": "2"}
    with Rapport(**few) as rapport:
        codes = [raw(rapport, "GET", "/crm/v3/objects/contacts")[0] for _ in range(6)]
        checks.equal("the sixth request in ten seconds is 429", codes, [200] * 5 + [429])
        # The client waits by itself where an answer says how long.
        code, _, body = raw(rapport, "GET", "/crm/v3/objects/contacts")
        checks.equal("in the words clients wait for", (code, body["policyName"], body["errorType"]),
                     (429, "TEN_SECONDLY_ROLLING", "RATE_LIMIT"))
        answers = [raw(rapport, "POST", "/crm/v3/objects/contacts/search", {}) for _ in range(6)]
        refused = [body["message"] for code, _, body in answers if code == 429]
        checks.that("searches have a limit of their own", "You have reached your secondly limit." in refused, refused)
        retry = Retry(total=3, status_forcelist=(429,), allowed_methods=None)
        start = time.monotonic()
        page = client(rapport, retry=retry).crm.contacts.basic_api.get_page()
        took = time.monotonic() - start
        checks.that("a client that retries gets its answer", page.results is not None and 1 < took < 30, f"after {took} s")


def afterwards(rapport, api):
    print("a kill, and the doctor")
    before = {name: [one.to_dict() for one in api.crm.objects.get_all(name)] for name in ("contacts", "deals", "companies")}
    rapport.kill()
    rapport.start()
    after = {name: [one.to_dict() for one in api.crm.objects.get_all(name)] for name in before}
    for name, records in before.items():
        checks.that(f"{name} are as they were ({len(records)})", after[name] == records and records)
    checks.equal("the server stops when asked", rapport.stop(), 0)
    checks.equal("folding every entry again gives what is there", rapport.verdict(), "sound")


with Rapport(RAPPORT_WEBHOOKS_ALLOW="127.0.0.1") as server:
    api = client(server)
    contacts_one_at_a_time(server, api)
    pages(server, api)
    batches(server, api)
    every_type(server, api)
    searches(server, api)
    labelled(server, api, *associated(server, api))
    defined(server, api)
    staged(server, api)
    typed(server, api)
    listed(server, api)
    merged(server, api)
    same_people(server, api)
    account(server, api)
    quirks(server, api)
    subscribed(server)
    afterwards(server, api)
limits()
checks.that(f"the client's models saw {walked_members} members", walked_members > 1_000)
checks.finish()

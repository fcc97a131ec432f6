"""The document of the API, looked at by openapi-spec-validator: it is OpenAPI 3.1, and one with a mistake in it is not."""

import copy
import json
import urllib.request

from openapi_spec_validator import OpenAPIV31SpecValidator
from rapport import API_TOKEN, Checks, Rapport
from referencing.exceptions import Unresolvable

RECORDS = "/api/v1/records/{type}"

checks = Checks()


def faults(document):
    try:
        return [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()]
    except Unresolvable as error:
        return [f"{error.ref} leads nowhere"]


def broken(document, change):
    """The same document with a mistake in it."""
    other = copy.deepcopy(document)
    change(other)
    return faults(other)


def without_parameters(document):
    del document["paths"][RECORDS]["parameters"]


def named_twice(document):
    for operation in document["paths"]["/api/v1/views/{id}"].values():
        if isinstance(operation, dict):
            operation["operationId"] = "same"


def leads_nowhere(document):
    answers = document["paths"][RECORDS]["get"]["responses"]
    answers["200"]["content"]["application/json"]["schema"]["$ref"] = "#/components/schemas/Nothing"


with Rapport() as rapport:
    # Nobody has to be known.
    with urllib.request.urlopen(f"{rapport.url}/api/v1/openapi.json", timeout=30) as answer:
        checks.equal("it is JSON", answer.headers["Content-Type"], "application/json")
        document = json.load(answer)
    checks.equal("it is OpenAPI 3.1", document["openapi"], "3.1.0")
    checks.equal("it is valid", faults(document), [])
    for change in (without_parameters, named_twice, leads_nowhere):
        checks.that(f"a mistake is found: {change.__name__}", len(broken(document, change)) > 0)
    paths = document["paths"]
    checks.that("every route is in it", len(paths) > 250, f"{len(paths)} paths")
    for path in (RECORDS, "/api/v1/views", "/crm/v3/objects/{type}", "/crm/objects/2026-09/{type}/search"):
        checks.that(f"{path} is in it", path in paths)
    scopes = paths["/api/v1/sources"]["post"]["security"]
    checks.equal("it says which scope is needed", scopes[0], {"token": ["sources.write"]})
    text = json.dumps(document)
    checks.that("it tells no secret", API_TOKEN not in text and rapport.data not in text)

checks.finish()

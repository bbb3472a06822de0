"""What the OpenAPI document says beyond what FastAPI finds out by itself: errors and headers.

The document is exact: what is not described in it does not happen.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.api.rest.problems import Problem

type Responses = dict[int | str, dict[str, Any]]

REFERENCE = "#/components/schemas/{model}"
AUTOMATIC_ERRORS = ("HTTPValidationError", "ValidationError")


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "required": True, "schema": {"type": "string"}}


def _problem(status: int, description: str, headers: dict[str, Any] | None = None) -> Responses:
    schema = {"$ref": REFERENCE.format(model="Problem")}
    content = {"application/problem+json": {"schema": schema}}
    return {status: {"description": description, "content": content, **({"headers": headers} if headers else {})}}


ETAG = {"ETag": _header("Names this version of the user, for `If-Match`.")}
LOCATION = {"Location": _header("Where the user can be found.")}

UNAUTHORIZED = _problem(
    401,
    "Not signed in: `wrong-credentials` for a name or password that is wrong, `invalid-token` for a token that is "
    "missing, forged, expired, used up or revoked.",
    {"WWW-Authenticate": _header("`Bearer`, with what is wrong with the token.")},
)
FORBIDDEN = _problem(403, "`forbidden`: the caller may not do this.")
NOT_FOUND = _problem(404, "`not-found`: there is no such user, or no longer.")
CONFLICT = _problem(409, "`email-taken`: another user has this e-mail address.")
STALE = _problem(412, "`stale`: the user has changed since the version that `If-Match` names.")
UNPROCESSABLE = _problem(
    422,
    "`validation`: something about the request is wrong, and `errors` says what and where. `key-reused`: the "
    "idempotency key came with another body before.",
)


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the application."""
    found = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
    )
    _drop_automatic_errors(found)
    problem = Problem.model_json_schema(ref_template=REFERENCE)
    found["components"]["schemas"] |= problem.pop("$defs") | {"Problem": problem}
    return found


def _drop_automatic_errors(found: dict[str, Any]) -> None:
    """FastAPI describes a 422 wherever there is a parameter, even one that cannot be wrong."""
    for path in found["paths"].values():
        for operation in path.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
    for name in AUTOMATIC_ERRORS:
        found["components"]["schemas"].pop(name, None)

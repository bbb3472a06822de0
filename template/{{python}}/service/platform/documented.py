"""What the OpenAPI document says of answers beyond what the framework finds out by itself: errors and headers.

The document is exact: what is not described in it does not happen.
"""

from typing import Any

from service.platform.problem_details import MEDIA_TYPE

type Responses = dict[int | str, dict[str, Any]]

REFERENCE = "#/components/schemas/{model}"


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "required": True, "schema": {"type": "string"}}


def _problem(status: int, description: str, headers: dict[str, Any] | None = None) -> Responses:
    schema = {"$ref": REFERENCE.format(model="Problem")}
    content = {MEDIA_TYPE: {"schema": schema}}
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

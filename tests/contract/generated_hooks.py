"""Hooks of Schemathesis: it leaves other people's users alone, and knows what a schema cannot say."""

import uuid
from typing import Any

import schemathesis
from schemathesis import Case, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import RejectedPositiveData

type AnyCase = Case[Any]

ours: set[str] = set()


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:  # noqa: ARG001
    """Says more plainly what the document says already, so that two of the checks find something to do."""
    for scheme in raw_schema["components"]["securitySchemes"].values():
        # What OAuth 2 is on the wire; `ignored_auth` does not look at it by its name.
        if scheme["type"] == "oauth2":
            scheme.clear()
            scheme.update(type="http", scheme="bearer")
    # Whoever was deleted is asked for again, for `use_after_free`.
    deletion = raw_schema["paths"]["/v1/users/{user_id}"]["delete"]["responses"]["204"]
    deletion["links"] = {
        method: {
            "operationRef": f"#/paths/~1v1~1users~1{{user_id}}/{method}",
            "parameters": {"user_id": "$request.path.user_id"},
        }
        for method in ("get", "patch")
    }


@schemathesis.hook
def after_call(context: HookContext, case: AnyCase, response: Response) -> None:  # noqa: ARG001
    if case.operation.label == "POST /v1/users" and response.status_code == 201:
        ours.add(response.json()["id"])


@schemathesis.hook
def before_call(context: HookContext, case: AnyCase, kwargs: dict[str, Any]) -> None:  # noqa: ARG001
    """Creates many users, and changes or deletes only these: neither the admin that it runs as, nor others."""
    is_valid = case.meta is not None and case.meta.generation.mode.is_positive
    if case.operation.label == "POST /v1/users" and is_valid and isinstance(case.body, dict) and "email" in case.body:
        case.body["email"] = _unlike_others(str(case.body["email"]))
    user = case.path_parameters.get("user_id")
    if case.method in {"PATCH", "DELETE"} and user is not None and user not in ours:
        case.path_parameters["user_id"] = "nobody"


def _unlike_others(email: str) -> str:
    """An e-mail address that nobody has, as odd as this one; or the same one if it has no room for that."""
    local, _, domain = email.partition("@")
    unique = f"{uuid.uuid4().hex[:12]}{local[:52]}@{domain}"
    return unique if len(unique) <= 254 else email


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: AnyCase, response: Response) -> bool:  # noqa: ARG001
    """Lets pass what is refused though the schema allows it, for a reason that no schema can say."""
    if not isinstance(failure, RejectedPositiveData):
        return True
    problem = response.json()
    match problem["type"].removeprefix("urn:problem-type:"):
        case "stale":
            return False  # `If-Match` names a version that there is not.
        case "key-reused":
            return False
        case "validation":
            # A cursor that no page has answered.
            return [(error["in"], error["field"]) for error in problem["errors"]] != [("query", "cursor")]
        case _:
            return True

"""Errors as problem details (RFC 9457): what is said of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import MISSING, BaseModel, ConfigDict, Field

from service.domain import errors

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    model_config = ConfigDict(extra="forbid")

    source: Annotated[Literal["body", "query", "path", "header", "form"], Field(alias="in")]
    field: str
    detail: str


class Problem(BaseModel):
    """The body of every answer that is an error."""

    model_config = ConfigDict(extra="forbid")

    type: Annotated[str, Field(json_schema_extra={"format": "uri"})]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    request_id: str
    errors: list[FieldError] | MISSING = MISSING


@dataclass(frozen=True, slots=True)
class ProblemType:
    status: int
    name: str
    title: str
    headers: Mapping[str, str] | None = None


VALIDATION = ProblemType(422, "validation", "The request is not valid")
NOT_FOUND = ProblemType(404, "not-found", "There is no such thing")
METHOD_NOT_ALLOWED = ProblemType(405, "method-not-allowed", "This method is not allowed here")
TOO_LARGE = ProblemType(413, "too-large", "The request is too large")
INTERNAL = ProblemType(500, "internal", "Something went wrong here")
UNAVAILABLE = ProblemType(503, "unavailable", "The service cannot do this now", {"Retry-After": "1"})

PROBLEM_TYPES: Mapping[type[errors.ServiceError], ProblemType] = {
    errors.WrongCredentials: ProblemType(
        401, "wrong-credentials", "The name or the password is wrong", {"WWW-Authenticate": "Bearer"}
    ),
    errors.InvalidToken: ProblemType(
        401, "invalid-token", "The token is not good", {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    ),
    errors.Forbidden: ProblemType(403, "forbidden", "The caller may not do this"),
    errors.NotFound: NOT_FOUND,
    errors.EmailTaken: ProblemType(409, "email-taken", "The e-mail address is taken"),
    errors.Stale: ProblemType(412, "stale", "The version is not the current one"),
    errors.KeyReused: ProblemType(422, "key-reused", "The idempotency key was used for something else"),
    errors.InvalidField: VALIDATION,
    errors.Unavailable: UNAVAILABLE,
}


def content(problem: ProblemType, detail: str, request_id: str, wrong: Sequence[FieldError]) -> dict[str, Any]:
    """The body of the answer, as `Problem` describes it."""
    found: dict[str, Any] = {
        "type": f"urn:problem-type:{problem.name}",
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
        "request_id": request_id,
    }
    if problem.status == VALIDATION.status:
        found["errors"] = [each.model_dump(by_alias=True) for each in wrong]
    return found


def wrong_field(source: str, field: str, detail: str) -> FieldError:
    return FieldError.model_validate({"in": source, "field": field, "detail": detail})


def wrong_fields(error: errors.ServiceError) -> list[FieldError]:
    match error:
        case errors.InvalidField():
            return [wrong_field(error.source, error.field, error.detail)]
        case errors.KeyReused():
            return [wrong_field("header", "Idempotency-Key", str(error))]
        case _:
            return []

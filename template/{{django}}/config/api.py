"""The HTTP API: which routers it has, and how errors are answered."""

from collections.abc import Mapping
from typing import Any, override

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser

from service import about
from service.activity.api import router as activity_router
from service.domain.errors import ServiceError
from service.platform import operations
from service.platform.availability import unavailable
from service.platform.documented import REFERENCE
from service.platform.problem_details import TOO_LARGE, VALIDATION, FieldError, Problem, wrong_field
from service.platform.problems import answer, on_service_error
from service.platform.schemas import in_words
from service.users.api import auth_router, users_router

JSON = "application/json"


class JsonParser(Parser):
    """Reads only JSON that is called JSON, so that no form of another site can send it."""

    @override
    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        if request.content_type != JSON:
            raise ValueError(f"it is not sent as {JSON}")
        return super().parse_body(request)


class Api(NinjaAPI):
    @override
    def get_openapi_schema(self, **arguments: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**arguments)
        problem = Problem.model_json_schema(ref_template=REFERENCE)
        schema["components"]["schemas"] |= problem.pop("$defs") | {"Problem": problem}
        return schema


api = Api(
    title=about.TITLE, description=about.DESCRIPTION, version=about.VERSION, urls_namespace="api", parser=JsonParser()
)
api.add_router("/v1/auth", auth_router)
api.add_router("/v1/users", users_router)
api.add_router("/v1/activity", activity_router)
api.add_router("", operations.router)
api.exception_handler(ServiceError)(on_service_error)


@api.exception_handler(OperationalError)
@api.exception_handler(InterfaceError)
def on_database_error(request: HttpRequest, error: Exception) -> HttpResponse:
    return on_service_error(request, unavailable(error))


@api.exception_handler(ValidationError)
def on_validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    wrong = [_field_error(each) for each in error.errors]
    return answer(request, VALIDATION, "; ".join(f"{each.field} {each.detail}".strip() for each in wrong), wrong=wrong)


@api.exception_handler(RequestDataTooBig)
def on_large_body(request: HttpRequest, _error: RequestDataTooBig) -> HttpResponse:
    return answer(request, TOO_LARGE, f"The body must not be larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.")


@api.exception_handler(HttpError)
def on_unreadable_body(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Ninja raises it for a body that is no JSON."""
    wrong = [wrong_field("body", "", f"is not valid JSON: {error.__cause__}")]
    return answer(request, VALIDATION, "The body cannot be read.", wrong=wrong)


def _field_error(error: Mapping[str, Any]) -> FieldError:
    source, *path = error["loc"]
    if source == "body":
        path = path[1:]  # Without the name of the parameter.
    detail = "is not a known field" if error["type"] == "extra_forbidden" else in_words(error)
    return wrong_field(source, ".".join(map(str, path)), detail)

"""Who is calling, by the access token of the request."""

from typing import Any, ClassVar

from django.http import HttpRequest
from ninja.security.base import AuthBase

from service.domain.errors import InvalidToken
from service.users.models import User
from service.users.selectors import authenticate


class CallersRequest(HttpRequest):
    """A request of somebody who is known."""

    auth: User


class OAuth2PasswordBearer(AuthBase):
    openapi_type = "oauth2"
    openapi_flows: ClassVar[dict[str, Any]] = {"password": {"tokenUrl": "/v1/auth/token", "scopes": {}}}

    def __call__(self, request: HttpRequest) -> User:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise InvalidToken("An access token is needed, as `Authorization: Bearer …`.")
        return authenticate(token.strip())


signed_in = OAuth2PasswordBearer()

"""The people who may sign in, and how they do."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Body, Form, Header, Path, Query, Router

from service.platform.documented import (
    CONFLICT,
    ETAG,
    FORBIDDEN,
    LOCATION,
    NOT_FOUND,
    STALE,
    UNAUTHORIZED,
    UNPROCESSABLE,
)
from service.platform.etags import etag, versions
from service.platform.openapi import described
from service.platform.schemas import CursorText, RefreshToken, SignInForm
from service.users import selectors, services, sessions
from service.users.authentication import CallersRequest, signed_in
from service.users.models import User
from service.users.schemas import TokenPairResponse, UserCreate, UserPage, UserResponse, UserUpdate
from service.users.selectors import Profile
from service.users.services import UserChanges

auth_router = Router(tags=["auth"])
users_router = Router(tags=["users"], auth=signed_in)

UserId = Annotated[str, Path(description="One that was never given to anybody is answered like one that is gone.")]
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="The `ETag` of the version that the caller knows, a list of them, or `*`."),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern="^[!-~]+$",
        description="A name for this request, so that it can be repeated when its answer got lost.",
    ),
]


@auth_router.post(
    "/token",
    response=TokenPairResponse,
    operation_id="signIn",
    summary="Sign in",
    openapi_extra=described(UNAUTHORIZED, UNPROCESSABLE),
)
def sign_in(request: HttpRequest, form: Annotated[SignInForm, Form()]) -> TokenPairResponse:
    """The OAuth 2 password form (RFC 6749, 4.3). An unknown account is answered exactly like a wrong password."""
    return TokenPairResponse.of(sessions.sign_in(form.username, form.password))


@auth_router.post(
    "/refresh",
    response=TokenPairResponse,
    operation_id="refresh",
    summary="Exchange a refresh token for the next pair",
    openapi_extra=described(UNAUTHORIZED, UNPROCESSABLE),
)
def refresh(request: HttpRequest, body: Annotated[RefreshToken, Body()]) -> TokenPairResponse:
    """The refresh token is used up. Using it again is taken for a theft, and ends the session."""
    return TokenPairResponse.of(sessions.refresh(body.refresh_token))


@auth_router.post(
    "/logout",
    response={204: None},
    operation_id="signOut",
    summary="End a session",
    openapi_extra=described(UNPROCESSABLE),
)
def sign_out(request: HttpRequest, body: Annotated[RefreshToken, Body()]) -> None:
    """A token that is no good any more is answered in the same way (RFC 7009)."""
    sessions.sign_out(body.refresh_token)


@users_router.get(
    "",
    response=UserPage,
    operation_id="listUsers",
    summary="List users, newest first",
    openapi_extra=described(UNAUTHORIZED, FORBIDDEN, UNPROCESSABLE),
)
def list_users(
    request: CallersRequest,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[CursorText | None, Query(description="The `next_cursor` of an earlier page.")] = None,
) -> UserPage:
    """For admins. Read on with `cursor`, until `next_cursor` is null."""
    return UserPage.of(selectors.page_of_users(request.auth, cursor, limit))


@users_router.post(
    "",
    response={201: UserResponse},
    operation_id="createUser",
    summary="Create a user",
    openapi_extra=described({201: {"headers": {**LOCATION, **ETAG}}}, UNAUTHORIZED, FORBIDDEN, CONFLICT, UNPROCESSABLE),
)
def create_user(
    request: CallersRequest,
    response: HttpResponse,
    body: Annotated[UserCreate, Body()],
    idempotency_key: IdempotencyKey = None,
) -> UserResponse:
    """For admins."""
    user = services.create_user(request.auth, body.to_new_user(), idempotency_key)
    response["Location"] = f"/v1/users/{user.id}"
    return _answer(user, response)


# Before `/{user_id}`, which would match it too.
@users_router.get(
    "/me",
    response=UserResponse,
    operation_id="getMe",
    summary="Read oneself",
    openapi_extra=described({200: {"headers": ETAG}}, UNAUTHORIZED),
)
def get_me(request: CallersRequest, response: HttpResponse) -> UserResponse:
    return _answer(request.auth, response)


@users_router.get(
    "/{user_id}",
    response=UserResponse,
    operation_id="getUser",
    summary="Read a user",
    openapi_extra=described({200: {"headers": ETAG}}, UNAUTHORIZED, FORBIDDEN, NOT_FOUND),
)
def get_user(request: CallersRequest, response: HttpResponse, user_id: UserId) -> UserResponse:
    """For admins, and for the user."""
    return _answer(selectors.get_user(request.auth, user_id), response)


@users_router.patch(
    "/{user_id}",
    response=UserResponse,
    operation_id="updateUser",
    summary="Change a user",
    openapi_extra=described(
        {200: {"headers": ETAG}}, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, CONFLICT, STALE, UNPROCESSABLE
    ),
)
def update_user(
    request: CallersRequest,
    response: HttpResponse,
    user_id: UserId,
    body: Annotated[UserUpdate, Body()],
    if_match: IfMatch = None,
) -> UserResponse:
    """For admins, and for the user. Fields that are left out stay as they are."""
    return _answer(services.update_user(request.auth, user_id, UserChanges(**body), versions(if_match)), response)


@users_router.delete(
    "/{user_id}",
    response={204: None},
    operation_id="deleteUser",
    summary="Delete a user",
    openapi_extra=described(UNAUTHORIZED, FORBIDDEN, NOT_FOUND, STALE),
)
def delete_user(request: CallersRequest, user_id: UserId, if_match: IfMatch = None) -> None:
    """For admins, and for the user."""
    services.delete_user(request.auth, user_id, versions(if_match))


def _answer(user: User | Profile, response: HttpResponse) -> UserResponse:
    response["ETag"] = etag(user.version)
    return UserResponse.of(user)

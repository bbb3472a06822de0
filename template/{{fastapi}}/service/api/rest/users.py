"""The people who may sign in."""

from typing import Annotated

from fastapi import APIRouter, Body, Header, HTTPException, Path, Query, Response

from service.api.rest.dependencies import Caller, ServiceDependency
from service.api.rest.etags import etag, versions
from service.api.rest.schemas import UserCreate, UserPage, UserResponse, UserUpdate
from service.domain.users import User
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
from service.platform.problem_details import METHOD_NOT_ALLOWED
from service.platform.schemas import CursorText

router = APIRouter(prefix="/v1/users", tags=["users"])

type UserId = Annotated[str, Path(description="One that was never given to anybody is answered like one that is gone.")]
type IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="The `ETag` of the version that the caller knows, a list of them, or `*`."),
]
type IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern="^[!-~]+$",
        description="A name for this request, so that it can be repeated when its answer got lost.",
    ),
]


@router.get("", summary="List users, newest first", responses={**UNAUTHORIZED, **FORBIDDEN, **UNPROCESSABLE})
async def list_users(
    caller: Caller,
    service: ServiceDependency,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[CursorText | None, Query(description="The `next_cursor` of an earlier page.")] = None,
) -> UserPage:
    """For admins. Read on with `cursor`, until `next_cursor` is null."""
    return UserPage.of(await service.users.page(caller, cursor, limit))


@router.post(
    "",
    summary="Create a user",
    status_code=201,
    responses={201: {"headers": {**LOCATION, **ETAG}}, **UNAUTHORIZED, **FORBIDDEN, **CONFLICT, **UNPROCESSABLE},
)
async def create_user(
    caller: Caller,
    service: ServiceDependency,
    body: UserCreate,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> UserResponse:
    """For admins."""
    user = await service.users.create(caller, body.to_domain(), idempotency_key)
    response.headers["Location"] = f"/v1/users/{user.id}"
    return _answer(user, response)


# Before `/{user_id}`, which would match it too.
@router.get("/me", summary="Read oneself", responses={200: {"headers": ETAG}, **UNAUTHORIZED})
async def get_me(caller: Caller, response: Response) -> UserResponse:
    return _answer(caller, response)


@router.api_route("/me", methods=["PATCH", "DELETE"], include_in_schema=False)
async def refuse_method() -> None:
    """Else `/{user_id}` would take it for a user with the id `me`."""
    raise HTTPException(METHOD_NOT_ALLOWED.status)


@router.get(
    "/{user_id}",
    summary="Read a user",
    responses={200: {"headers": ETAG}, **UNAUTHORIZED, **FORBIDDEN, **NOT_FOUND},
)
async def get_user(user_id: UserId, caller: Caller, service: ServiceDependency, response: Response) -> UserResponse:
    """For admins, and for the user."""
    return _answer(await service.users.get(caller, user_id), response)


@router.patch(
    "/{user_id}",
    summary="Change a user",
    responses={
        200: {"headers": ETAG},
        **UNAUTHORIZED,
        **FORBIDDEN,
        **NOT_FOUND,
        **CONFLICT,
        **STALE,
        **UNPROCESSABLE,
    },
)
async def update_user(
    user_id: UserId,
    caller: Caller,
    service: ServiceDependency,
    body: Annotated[UserUpdate, Body()],
    response: Response,
    if_match: IfMatch = None,
) -> UserResponse:
    """For admins, and for the user. Fields that are left out stay as they are."""
    user = await service.users.update(caller, user_id, body, versions(if_match))
    return _answer(user, response)


@router.delete(
    "/{user_id}",
    summary="Delete a user",
    status_code=204,
    responses={**UNAUTHORIZED, **FORBIDDEN, **NOT_FOUND, **STALE},
)
async def delete_user(user_id: UserId, caller: Caller, service: ServiceDependency, if_match: IfMatch = None) -> None:
    """For admins, and for the user."""
    await service.users.delete(caller, user_id, versions(if_match))


def _answer(user: User, response: Response) -> UserResponse:
    response.headers["ETag"] = etag(user.version)
    return UserResponse.of(user)

"""Signing in, staying signed in, signing out."""

from typing import Annotated

from fastapi import APIRouter, Form

from service.api.rest.dependencies import ServiceDependency
from service.api.rest.schemas import TokenPairResponse
from service.platform.documented import UNAUTHORIZED, UNPROCESSABLE
from service.platform.schemas import RefreshToken, SignInForm

router = APIRouter(prefix="/v1/auth", tags=["auth"])


@router.post("/token", summary="Sign in", responses={**UNAUTHORIZED, **UNPROCESSABLE})
async def sign_in(form: Annotated[SignInForm, Form()], service: ServiceDependency) -> TokenPairResponse:
    """The OAuth 2 password form (RFC 6749, 4.3). An unknown account is answered exactly like a wrong password."""
    return TokenPairResponse.of(await service.sessions.sign_in(form.username, form.password))


@router.post(
    "/refresh", summary="Exchange a refresh token for the next pair", responses={**UNAUTHORIZED, **UNPROCESSABLE}
)
async def refresh(body: RefreshToken, service: ServiceDependency) -> TokenPairResponse:
    """The refresh token is used up. Using it again is taken for a theft, and ends the session."""
    return TokenPairResponse.of(await service.sessions.refresh(body.refresh_token))


@router.post("/logout", summary="End a session", status_code=204, responses={**UNPROCESSABLE})
async def sign_out(body: RefreshToken, service: ServiceDependency) -> None:
    """A token that is no good any more is answered in the same way (RFC 7009)."""
    await service.sessions.sign_out(body.refresh_token)

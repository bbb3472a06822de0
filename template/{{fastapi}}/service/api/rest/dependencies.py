"""What the path operations are given."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer

from service.domain.errors import InvalidToken
from service.domain.users import User
from service.wiring import Service

bearer_token = OAuth2PasswordBearer(tokenUrl="/v1/auth/token", auto_error=False)


async def get_service(request: Request) -> Service:
    """Asynchronous although it waits for nothing: FastAPI would call it in a thread otherwise."""
    return request.app.state.service


async def get_caller(
    token: Annotated[str | None, Depends(bearer_token)], service: Annotated[Service, Depends(get_service)]
) -> User:
    if not token:
        raise InvalidToken("An access token is needed, as `Authorization: Bearer …`.")
    return await service.sessions.authenticate(token)


type ServiceDependency = Annotated[Service, Depends(get_service)]
type Caller = Annotated[User, Depends(get_caller)]

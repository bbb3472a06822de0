"""The smallest FastAPI application that answers the same two requests by the same queries, on SQLAlchemy."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import jwt
from answers import Page, User
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

DRIVERS = {"postgresql": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}

scheme, _, rest = os.environ["DATABASE_URL"].partition("://")
engine = create_async_engine(f"{DRIVERS[scheme]}://{rest}", pool_size=20, max_overflow=30)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


COLUMNS = "CAST(id AS VARCHAR) AS id, email, name, role, created_at, generation"
ONE = text(f"SELECT {COLUMNS} FROM users WHERE id = :id")
MANY = text(f"SELECT {COLUMNS} FROM users ORDER BY created_at DESC, id DESC LIMIT 51")


async def find(user_id: str) -> Any:
    async with engine.connect() as connection:
        return (
            await connection.execute(ONE, {"id": user_id if scheme == "postgresql" else user_id.replace("-", "")})
        ).first()


async def caller(token: Annotated[str, Depends(OAuth2PasswordBearer(tokenUrl="token"))]) -> Any:
    claims = jwt.decode(token, os.environ["SECRET_KEY"], ["HS256"])
    user = await find(claims["sub"])
    if user is None or user.generation != claims["gen"]:
        raise HTTPException(401)
    return user


@app.get("/v1/users/{user_id}")
async def get_user(user_id: str, caller: Annotated[Any, Depends(caller)]) -> User:
    user = caller if user_id == caller.id else await find(user_id)
    return User.model_validate(user, from_attributes=True)


@app.get("/v1/users")
async def list_users(caller: Annotated[Any, Depends(caller)]) -> Page:
    async with engine.connect() as connection:
        rows = (await connection.execute(MANY)).all()
    return Page(items=[User.model_validate(row, from_attributes=True) for row in rows[:50]])

"""The smallest FastAPI application that answers the same two requests by the same queries, on PyMongo."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import jwt
from answers import Page, User
from bson import ObjectId
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from pymongo import DESCENDING, AsyncMongoClient

client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(os.environ["DATABASE_URL"], tz_aware=True, maxPoolSize=50)
users = client.get_default_database()["users"]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    yield
    await client.close()


app = FastAPI(lifespan=lifespan)


async def find(user_id: str) -> Any:
    return await users.find_one({"_id": ObjectId(user_id)})


async def caller(token: Annotated[str, Depends(OAuth2PasswordBearer(tokenUrl="token"))]) -> Any:
    claims = jwt.decode(token, os.environ["SECRET_KEY"], ["HS256"])
    user = await find(claims["sub"])
    if user is None or user["generation"] != claims["gen"]:
        raise HTTPException(401)
    return user


@app.get("/v1/users/{user_id}")
async def get_user(user_id: str, caller: Annotated[Any, Depends(caller)]) -> User:
    user = caller if user_id == str(caller["_id"]) else await find(user_id)
    return User(id=str(user["_id"]), **user)


@app.get("/v1/users")
async def list_users(caller: Annotated[Any, Depends(caller)]) -> Page:
    found = users.find({}).sort([("created_at", DESCENDING), ("_id", DESCENDING)]).limit(51)
    return Page(items=[User(id=str(user["_id"]), **user) for user in (await found.to_list())[:50]])

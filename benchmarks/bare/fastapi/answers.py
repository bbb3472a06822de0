"""What the bare applications answer."""

from datetime import datetime

from pydantic import BaseModel


class User(BaseModel):
    id: str
    email: str
    name: str
    role: str
    created_at: datetime


class Page(BaseModel):
    items: list[User]

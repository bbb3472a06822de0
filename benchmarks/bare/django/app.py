"""The smallest Django application that answers the same requests by the same queries: `uvicorn app:application`."""

import os
from typing import Any

import jwt
from database import DATABASE, ID
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": DATABASE},
    ROOT_URLCONF="app",
    SECRET_KEY=os.environ["SECRET_KEY"],
    USE_TZ=True,
)
application = get_asgi_application()

from django.db import models  # noqa: E402 - Models need the settings.
from django.urls import path  # noqa: E402


class User(models.Model):
    id = ID
    email = models.EmailField()
    name = models.CharField()
    role = models.CharField()
    created_at = models.DateTimeField()
    generation = models.IntegerField()

    class Meta:
        app_label = "bare"
        db_table = "users"


def caller(request: HttpRequest) -> User | None:
    _, _, token = request.headers.get("Authorization", "").partition(" ")
    claims = jwt.decode(token, settings.SECRET_KEY, ["HS256"])
    return User.objects.filter(id=claims["sub"], generation=claims["gen"]).first()


def answer(user: User) -> dict[str, Any]:
    return {
        "id": str(user.id),
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "created_at": user.created_at,
    }


def get_user(request: HttpRequest, user_id: str) -> HttpResponse:
    user = caller(request)
    if user is None:
        return HttpResponse(status=401)
    return JsonResponse(answer(user if user_id == str(user.id) else User.objects.get(id=user_id)))


def list_users(request: HttpRequest) -> HttpResponse:
    if caller(request) is None:
        return HttpResponse(status=401)
    users = User.objects.order_by("-created_at", "-id")[:51]
    return JsonResponse({"items": [answer(user) for user in list(users)[:50]]})


urlpatterns = [path("v1/users", list_users), path("v1/users/<user_id>", get_user)]

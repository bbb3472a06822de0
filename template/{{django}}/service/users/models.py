"""Who may sign in, and their sessions."""

from datetime import datetime
from typing import ClassVar, override

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac

from service.adapters.clock import SystemClock
from service.users.hashers import in_djangos_format
from service.users.storage import UserId, UserReference


def now() -> datetime:
    return SystemClock().now()


class Role(models.TextChoices):
    USER = "user"
    ADMIN = "admin"


class UserManager(BaseUserManager["User"]):
    @override
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser):
    id = UserId()
    email = models.EmailField(max_length=254, unique=True)
    """In lower case: addresses are compared without regard to case."""
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=20, choices=Role, default=Role.USER)
    password = models.CharField(max_length=200, db_column="password_hash")
    created_at = models.DateTimeField(default=now, editable=False)
    """UTC, to the millisecond."""
    version = models.IntegerField(default=1, editable=False)
    """Raised by every change."""
    generation = models.IntegerField(default=1, editable=False)
    """Raised by a new password or role: tokens of an earlier generation are refused."""
    creation_key = models.CharField(max_length=64, unique=True, null=True, editable=False)
    """Names the request that the user was created by, if it had an idempotency key."""
    creation_fingerprint = models.CharField(max_length=64, null=True, editable=False)
    """Names its content; tells a repeated request from another one."""

    last_login = None  # A session started is an event.

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        db_table = "users"
        indexes: ClassVar = [models.Index(fields=["created_at", "id"], name="ix_users_created_at_id")]

    @override
    def check_password(self, raw_password: str | None) -> bool:
        """Takes hashes as bcrypt writes them, too; Django replaces them by its own when the password is right."""
        self.password = in_djangos_format(self.password)
        return super().check_password(raw_password)

    @property
    def is_admin(self) -> bool:
        return self.role == Role.ADMIN

    @override
    def get_session_auth_hash(self) -> str:
        """Sessions of the admin site end like all others, with the user's generation."""
        return salted_hmac("service.users", f"{self.pk} {self.generation}", algorithm="sha256").hexdigest()

    # What Django's admin site asks.

    @property
    def is_staff(self) -> bool:
        return self.is_admin

    @property
    def is_superuser(self) -> bool:
        return self.is_admin

    def has_perm(self, _permission: str, _record: object = None) -> bool:
        return self.is_admin

    def has_module_perms(self, _app: str) -> bool:
        return self.is_admin


class Session(models.Model):
    """A family of refresh tokens, of which only the newest is good."""

    id = models.CharField(primary_key=True, max_length=64)
    user = UserReference(User, on_delete=models.CASCADE, related_name="sessions")
    generation = models.IntegerField()
    """The user's generation at sign-in: a session does not outlive a new password or role."""
    secret_hash = models.CharField(max_length=64)
    """Of the newest token's secret. A token with another one was used before, or forged."""
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "sessions"

    @override
    def __str__(self) -> str:
        return f"session of {self.user_id}"

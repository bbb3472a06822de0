"""What can be done with users, and by whom. Every API calls this, and nothing else decides it."""

import json
import uuid
from collections.abc import Collection
from dataclasses import asdict, replace

from service.domain.errors import EmailTaken, Forbidden, InvalidField, KeyReused, NotFound, Stale
from service.domain.paging import Cursor, Page
from service.domain.users import Account, CreationKey, NewUser, User, UserChanges
from service.platform.caching import CachedFunction, CacheManager
from service.platform.ports import Clock
from service.platform.security import SecurityManager
from service.ports import Database
from service.usecases.events import Events

ATTEMPTS = 10
"""How often a change without a condition is tried when others change the same user at the same time."""


class Users:
    def __init__(
        self,
        database: Database,
        security: SecurityManager,
        clock: Clock,
        cache: CacheManager,
        *,
        cache_seconds: float,
    ) -> None:
        self._database = database
        self._security = security
        self._clock = clock
        self._events = Events(clock)
        self._find: CachedFunction[[str], User | None] = cache.cache_result(cache_seconds)(self._find_in_database)

    async def page(self, caller: User, cursor: str | None, limit: int) -> Page[User]:
        """A page of all users, newest first.

        Raises:
            Forbidden: The caller is no admin.
            InvalidField: The cursor is none.
        """
        _require_admin(caller)
        after = Cursor.decode(cursor) if cursor is not None else None
        async with self._database.read() as stores:
            users = await stores.users.page(after, limit + 1)
        return Page.of(users, limit, lambda user: Cursor(user.created_at, user.id))

    async def get(self, caller: User, user_id: str) -> User:
        """One user.

        Raises:
            Forbidden: The caller is neither an admin nor this user.
            NotFound: There is no such user.
        """
        _require_admin_or_self(caller, user_id)
        user = caller if caller.id == user_id else await self._find(user_id)
        if user is None:
            raise _not_found()
        return user

    async def create(self, caller: User, new: NewUser, idempotency_key: str | None = None) -> User:
        """Creates a user; or answers the one that was created with the same key.

        Raises:
            Forbidden: The caller is no admin.
            EmailTaken: Another user has this e-mail.
            KeyReused: The key came with other content before.
        """
        _require_admin(caller)
        key = self._creation_key(caller, new, idempotency_key) if idempotency_key is not None else None
        if key and (earlier := await self._created_earlier(key)):
            return earlier
        try:
            return await self.add(new, key, by=caller.id)
        except EmailTaken:
            # By the same request perhaps, which ran at the same time.
            if key and (earlier := await self._created_earlier(key)):
                return earlier
            raise

    async def add(self, new: NewUser, key: CreationKey | None = None, *, by: str | None = None) -> User:
        """Creates a user in the name of the service itself, such as the first admin.

        Raises:
            EmailTaken: Another user has this e-mail.
        """
        password_hash = await self._security.hash_password(new.password)
        async with self._database.transaction() as stores:
            user = User(
                id=stores.users.next_id(),
                email=new.email.lower(),
                name=new.name,
                role=new.role,
                created_at=self._clock.now(),
            )
            await stores.users.add(user, password_hash, self._events.user_created(user, by=by), key)
        return user

    async def update(
        self, caller: User, user_id: str, changes: UserChanges, versions: Collection[int] | None = None
    ) -> User:
        """Changes a user.

        Args:
            versions: The versions that may be changed; None for any.

        Raises:
            Forbidden: The caller is neither an admin nor this user, or no admin and changes a role.
            NotFound: There is no such user.
            Stale: The user is at another version.
            EmailTaken: Another user has this e-mail.
            InvalidField: The current password is missing or wrong.
        """
        _require_admin_or_self(caller, user_id)
        if "role" in changes:
            _require_admin(caller)
        if caller.id == user_id and "password" in changes:
            await self._check_current_password(user_id, changes.get("current_password"))
        password_hash = await self._security.hash_password(changes["password"]) if "password" in changes else None
        for _ in range(ATTEMPTS):
            user = await self._expect(user_id, versions)
            changed = _apply(user, changes)
            if changed == user:
                return user
            event = self._events.user_updated(changed, changes.keys() - {"current_password"}, by=caller.id)
            async with self._database.transaction() as stores:
                is_stored = await stores.users.replace(changed, event, password_hash)
            if is_stored:
                await self._find.invalidate(user_id)
                return changed
        raise _stale()

    async def delete(self, caller: User, user_id: str, versions: Collection[int] | None = None) -> None:
        """Deletes a user and their sessions.

        Args:
            versions: The versions that may be deleted; None for any.

        Raises:
            Forbidden: The caller is neither an admin nor this user.
            NotFound: There is no such user.
            Stale: The user is at another version.
        """
        _require_admin_or_self(caller, user_id)
        for _ in range(ATTEMPTS):
            user = await self._expect(user_id, versions)
            async with self._database.transaction() as stores:
                is_deleted = await stores.users.delete(user, self._events.user_deleted(user, by=caller.id))
            if is_deleted:
                await self._find.invalidate(user_id)
                return
        raise _stale()

    async def _find_in_database(self, user_id: str) -> User | None:
        async with self._database.read() as stores:
            return await stores.users.get(user_id)

    async def _account(self, user_id: str) -> Account:
        async with self._database.read() as stores:
            account = await stores.users.get_account(user_id)
        if account is None:
            raise _not_found()
        return account

    async def _expect(self, user_id: str, versions: Collection[int] | None) -> User:
        user = await self._find_in_database(user_id)
        if user is None:
            raise _not_found()
        if versions is not None and user.version not in versions:
            raise _stale()
        return user

    async def _check_current_password(self, user_id: str, current_password: str | None) -> None:
        if current_password is None:
            raise InvalidField("current_password", "is needed to change one's own password")
        account = await self._account(user_id)
        check = await self._security.verify_password(current_password, account.password_hash)
        if not check.is_right:
            raise InvalidField("current_password", "is not the current password")

    async def _created_earlier(self, key: CreationKey) -> User | None:
        async with self._database.read() as stores:
            found = await stores.users.find_creation(key.value)
        if found is None:
            return None
        user, earlier_key = found
        if earlier_key.fingerprint != key.fingerprint:
            raise KeyReused("This idempotency key came with other content before.")
        return user

    def _creation_key(self, caller: User, new: NewUser, idempotency_key: str) -> CreationKey:
        content = json.dumps([caller.id, asdict(new)])
        return CreationKey(
            value=uuid.uuid5(uuid.NAMESPACE_OID, json.dumps([caller.id, idempotency_key])).hex,
            fingerprint=self._security.fingerprint(content.encode()),
        )


def _apply(user: User, changes: UserChanges) -> User:
    """The next version of the user, or the same one if nothing changes."""
    role = changes.get("role", user.role)
    is_secure = "password" not in changes and role == user.role
    changed = replace(
        user,
        email=changes.get("email", user.email).lower(),
        name=changes.get("name", user.name),
        role=role,
        generation=user.generation if is_secure else user.generation + 1,
    )
    return changed if changed == user else replace(changed, version=user.version + 1)


def _require_admin(caller: User) -> None:
    if not caller.is_admin:
        raise Forbidden("Only admins may do this.")


def _require_admin_or_self(caller: User, user_id: str) -> None:
    if not caller.is_admin and caller.id != user_id:
        raise Forbidden("Only admins may do this with anybody but themselves.")


def _not_found() -> NotFound:
    return NotFound("There is no such user, or no longer.")


def _stale() -> Stale:
    return Stale("The user has changed in the meantime.")

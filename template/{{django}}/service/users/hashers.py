"""How passwords are hashed: in Django's own format, which the other frameworks' services read as well."""

from typing import override

from django.conf import settings
from django.contrib.auth.hashers import BCryptPasswordHasher, BCryptSHA256PasswordHasher
from django.utils.encoding import force_bytes

LONGEST_PASSWORD = 72
"""In bytes: plain bcrypt ignores the rest, and its library refuses it."""


class BcryptSha256Hasher(BCryptSHA256PasswordHasher):
    """Bcrypt over the SHA-256 of the password, since bcrypt itself ignores all beyond 72 bytes."""

    rounds = settings.SERVICE.bcrypt_cost

    @override
    def must_update(self, encoded: str) -> bool:
        # Only ever upwards: two instances with different settings would undo each other's work.
        return int(self.decode(encoded)["work_factor"]) < self.rounds


class PlainBcryptHasher(BCryptPasswordHasher):
    """Checks hashes of plain bcrypt, as they come from other systems; they are replaced at sign-in."""

    rounds = settings.SERVICE.bcrypt_cost

    @override
    def encode(self, password: str | bytes, salt: str | bytes) -> str:
        # It takes bytes too, unlike what its types say.
        return super().encode(force_bytes(password)[:LONGEST_PASSWORD], salt)  # type: ignore[arg-type]


def in_djangos_format(password_hash: str) -> str:
    """The same hash, named by its algorithm if it comes as bcrypt writes it (`$2b$12$…`)."""
    return f"{PlainBcryptHasher.algorithm}${password_hash}" if password_hash.startswith("$2") else password_hash

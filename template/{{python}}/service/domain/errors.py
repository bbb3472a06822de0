"""What can go wrong for a reason that the caller can understand.

Use cases raise these; each API says in its own way what happened (REST: `api/rest/problems.py`).
"""


class ServiceError(Exception):
    """The base of all errors that are answers rather than bugs."""


class NotFound(ServiceError):
    """There is no such thing, or no longer."""


class Forbidden(ServiceError):
    """The caller is known, and may not do this."""


class InvalidToken(ServiceError):
    """An access or refresh token that is forged, expired, used up or revoked."""


class WrongCredentials(ServiceError):
    """No account has this e-mail and password. It does not say which of the two is wrong."""


class EmailTaken(ServiceError):
    """Another user has this e-mail."""


class Stale(ServiceError):
    """The caller's copy of a record is not the current one."""


class KeyReused(ServiceError):
    """This idempotency key came with another request before."""


class Unavailable(ServiceError):
    """Something that the service depends on does not answer."""


class InvalidField(ServiceError):
    """One field of the input is wrong in a way that only a use case can see.

    Args:
        field: Its name, as the caller wrote it.
        detail: What is wrong with it, as a sentence.
        source: Where the caller wrote it: `body`, `query`, `path` or `header`.
    """

    def __init__(self, field: str, detail: str, *, source: str = "body") -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail
        self.source = source

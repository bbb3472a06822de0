"""Entity tags: the version of a user, in quotes (RFC 9110, 8.8.3)."""

import re

# Weak tags (W/"…") never match: If-Match compares strongly.
STRONG_TAG = re.compile(r'(?:^|,)\s*"(0|[1-9]\d{0,17})"\s*(?=,|$)')


def etag(version: int) -> str:
    return f'"{version}"'


def versions(if_match: str | None) -> frozenset[int] | None:
    """The versions that an `If-Match` header allows; None for any."""
    if if_match is None or if_match.strip() == "*":
        return None
    return frozenset(map(int, STRONG_TAG.findall(if_match)))

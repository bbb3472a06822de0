"""Says to Ninja what an operation may answer besides."""

from typing import Any

from service.platform.documented import Responses


def described(*responses: Responses) -> dict[str, Any]:
    """For `openapi_extra` of an operation."""
    return {"responses": {status: dict(response) for each in responses for status, response in each.items()}}

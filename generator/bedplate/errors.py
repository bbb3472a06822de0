"""What ends the command early, told in a line or two on standard error.

Both derive from Typer's own exception, so that its complaints (an unknown option, a missing value) and ours take one
way out, in `bedplate.main.main`.
"""

from typer import TyperException


class Failure(TyperException):
    """The work could not be done, through no fault of what was asked for; nothing is left of it."""

    exit_code = 1


class Refusal(TyperException):
    """What was asked for cannot be; the message names it and the remedy, and nothing was written."""

    exit_code = 2

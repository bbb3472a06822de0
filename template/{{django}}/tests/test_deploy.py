"""The checks that Django has for production."""

import os
import subprocess
import sys


def test_nothing_is_left_to_be_warned_of() -> None:
    environment = os.environ | {"ENVIRONMENT": "production", "BCRYPT_COST": "12", "SECRET_KEY": "0123456789abcdef" * 4}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

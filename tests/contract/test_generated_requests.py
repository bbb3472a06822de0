"""Schemathesis: hundreds of requests made from the document that the service serves, valid ones and others.

All of its checks are on. One of them has nothing to do: `object_level_authorization` compares users who create
things of their own, which ours do not; `test_authorization.py` is about that.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from .client import Service

HERE = Path(__file__).parent


def test_generated_requests(service: Service, service_url: str, tmp_path: Path) -> None:
    _, session = service.sign_up("admin")  # Of its own, whom it may not break for others.

    command = ["schemathesis.cli", "--config-file", f"{HERE / 'generated.toml'}", "run", f"{service_url}/openapi.json"]
    run = subprocess.run(
        [sys.executable, "-m", *command, "--checks", "all", "--no-color"],
        cwd=tmp_path,
        env=os.environ
        | {"CONTRACT_TOKEN": session.access_token, "SCHEMATHESIS_HOOKS": f"{HERE / 'generated_hooks.py'}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert session.caller.get("/v1/users").status_code == 200, "it has lost its token, and tried nothing since"
    for phase in ("Coverage", "Fuzzing", "Stateful"):
        assert re.search(rf"✅\s+{phase}", run.stdout), f"{phase} was left out: {run.stdout}"
    generated = re.search(r"(\d+) generated", run.stdout)
    assert generated, run.stdout
    assert int(generated[1]) >= 500

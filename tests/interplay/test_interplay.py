"""Services of all frameworks beside each other: on one broker, with one secret, on one database."""

import secrets
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests import servers, template
from tests.contract.wire import PLACES
from tests.frameworks import FRAMEWORKS
from tests.project import Project

EMAIL, PASSWORD = "ann@example.org", "a long enough password"
PATIENCE = 30.0
SETTINGS = {"SECRET_KEY": secrets.token_hex(), "BCRYPT_COST": "4", "LOG_LEVEL": "warning"}

type Space = Callable[[str], servers.Space]


@dataclass(frozen=True)
class Running:
    framework: str
    http: httpx.Client

    def sign_in(self, email: str) -> dict[str, str]:
        """Gives the header that calls as this user."""
        form = {"username": email, "password": PASSWORD}
        token = self.http.post("/v1/auth/token", data=form).raise_for_status().json()["access_token"]
        return {"Authorization": f"Bearer {token}"}

    def refresh(self, token: str) -> str:
        """Exchanges a refresh token for the next one."""
        pair = self.http.post("/v1/auth/refresh", json={"refresh_token": token}).raise_for_status().json()
        next_token: str = pair["refresh_token"]
        return next_token

    def create(self, caller: Mapping[str, str], email: str) -> str:
        body = {"email": email, "name": "Bea", "password": PASSWORD}
        user_id: str = self.http.post("/v1/users", json=body, headers=caller).raise_for_status().json()["id"]
        return user_id

    def log(self, caller: Mapping[str, str]) -> Counter[tuple[str, str]]:
        """What its activity log says of whom."""
        page = self.http.get("/v1/activity?limit=100", headers=caller).raise_for_status().json()
        assert page["next_cursor"] is None
        return Counter((entry["type"], entry["user_id"]) for entry in page["items"])


def made(source: Path, folder: Path, answers: template.Answers, settings: Mapping[str, str]) -> Project:
    """A service of its own name, on a database that is ready."""
    name = f"{answers['framework']} desk"
    project = Project(template.render(source, folder, {"project_name": name, **answers}), {**SETTINGS, **settings})
    project.make("setup")
    project.make("migrate")
    return project


@contextmanager
def running(projects: Mapping[str, Project]) -> Generator[dict[str, Running]]:
    with ExitStack() as stack:
        found = {}
        for framework, project in projects.items():
            url = stack.enter_context(project.running())
            found[framework] = Running(framework, stack.enter_context(httpx.Client(base_url=url, timeout=30)))
        yield found


@pytest.mark.parametrize("broker", PLACES)
def test_they_handle_each_others_events(broker: str, source: Path, tmp_path: Path, space: Space) -> None:
    own = space(broker)
    places = {
        "BROKER_URL": own.url if "://" in own.url else f"{broker}://{own.url}",
        f"EVENTS_{PLACES[broker].upper()}": f"{own.name}-events",
    }
    projects = {}
    for framework in FRAMEWORKS:
        settings = {**places, "DATABASE_URL": f"sqlite:///{tmp_path}/{framework}.db"}
        answers = {"framework": framework, "broker": broker}
        projects[framework] = made(source, tmp_path / framework, answers, settings)
    with running(projects) as services:
        callers: dict[str, dict[str, str]] = {}
        expected: Counter[tuple[str, str]] = Counter()
        for framework, service in services.items():
            projects[framework].make("admin", f"EMAIL={EMAIL}", ADMIN_PASSWORD=PASSWORD)
            callers[framework] = service.sign_in(EMAIL)
            admin = service.http.get("/v1/users/me", headers=callers[framework]).json()["id"]
            user = service.create(callers[framework], "bea@example.org")
            service.http.patch(f"/v1/users/{user}", json={"name": "B"}, headers=callers[framework]).raise_for_status()
            service.http.delete(f"/v1/users/{user}", headers=callers[framework]).raise_for_status()
            expected.update([("user.created", admin), ("session.started", admin)])
            expected.update([("user.created", user), ("user.updated", user), ("user.deleted", user)])

        deadline = time.monotonic() + PATIENCE
        while logs := {each: found for each in services if (found := services[each].log(callers[each])) != expected}:
            assert time.monotonic() < deadline, {each: (expected - log, log - expected) for each, log in logs.items()}
            time.sleep(0.1)


def test_a_token_and_a_password_of_one_are_good_at_the_others(source: Path, tmp_path: Path, space: Space) -> None:
    """On MongoDB, where they keep users in the same form; on SQL each has migrations of its own."""
    settings = {"DATABASE_URL": space("mongodb").url}
    projects = {
        framework: made(source, tmp_path / framework, {"framework": framework, "database": "mongodb"}, settings)
        for framework in FRAMEWORKS
    }
    with running(projects) as services:
        first = next(iter(projects))
        projects[first].make("admin", f"EMAIL={EMAIL}", ADMIN_PASSWORD=PASSWORD)
        form = {"username": EMAIL, "password": PASSWORD}
        for framework, service in services.items():
            email = f"of-{framework}@example.org"
            user = service.create(service.sign_in(EMAIL), email)
            for other in services.values():
                caller = other.sign_in(email)
                for each in services.values():
                    assert each.http.get("/v1/users/me", headers=caller).raise_for_status().json()["id"] == user
            token = service.http.post("/v1/auth/token", data=form).raise_for_status().json()["refresh_token"]
            for other in services.values():
                token = other.refresh(token)

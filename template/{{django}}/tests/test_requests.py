import re
from pathlib import Path

import pytest
from django.db import OperationalError
from django.test import Client
from structlog.testing import CapturingLogger

from service.platform import requests
from tests.people import Caller, Person

PROBLEM = "application/problem+json"


@pytest.mark.parametrize(("given", "kept"), [("mine-1", True), ("not mine", False), ("x" * 129, False)])
def test_a_request_id_is_kept_if_it_is_one(anyone: Caller, given: str, kept: bool) -> None:  # noqa: FBT001 - a case.
    answer = anyone.call("GET", "/livez", headers={"X-Request-ID": given})

    assert (answer.headers["X-Request-ID"] == given) is kept


@pytest.mark.parametrize("path", ["/", "/nowhere", "/v1/users/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_there_is_nothing(method: str, path: str) -> None:
    answer = Client(enforce_csrf_checks=True).generic(method, path)

    assert (answer.status_code, answer.headers["Content-Type"]) == (404, PROBLEM)
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


def test_a_method_that_is_not_allowed(anyone: Caller) -> None:
    answer = anyone.call("PUT", "/v1/users")

    assert (answer.status, answer.headers["Allow"], answer.problem) == (405, "GET, POST", "method-not-allowed")


def test_only_json_that_is_called_json_is_read(ann: Person) -> None:
    client = Client(headers={"Authorization": f"Bearer {ann.tokens.access_token}"})

    assert client.patch(ann.path, "{}", content_type="text/plain").status_code == 422
    assert client.patch(ann.path, "{", content_type="application/json").status_code == 422
    assert client.patch(ann.path, "{}", content_type="application/json").status_code == 200


def test_a_database_that_is_down(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_token: str) -> None:
        raise OperationalError("the secret host")

    monkeypatch.setattr("service.users.authentication.authenticate", fail)
    answer = ann.call("GET", "/v1/users/me")

    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert b"secret" not in answer.content


def test_a_bug_tells_nothing_of_itself(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_token: str) -> None:
        raise ValueError("a secret")

    monkeypatch.setattr("service.users.authentication.authenticate", fail)
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {ann.tokens.access_token}"})
    answer = client.get("/v1/users/me")

    assert (answer.status_code, answer.headers["Content-Type"]) == (500, PROBLEM)
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"]
    assert b"secret" not in answer.content


def test_a_request_is_counted_and_logged_without_its_query(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    log = CapturingLogger()  # Whatever the level of the configured one.
    monkeypatch.setattr(requests, "log", log)
    ann.call("GET", f"{ann.path}?secret=1")

    [line] = log.calls
    assert (line.method_name, line.args) == ("info", ("request",))
    assert (line.kwargs["path"], line.kwargs["status"]) == (ann.path, 200)
    metrics = ann.call("GET", "/metrics").content.decode()
    assert re.search(r'http_requests_total{method="GET",route="/v1/users/{user_id}",status="200"} \d', metrics)
    assert ann.id not in metrics


def test_the_docs_are_a_page(anyone: Caller) -> None:
    assert b"<html" in anyone.call("GET", "/docs").content.lower()


def test_the_document_names_every_path_of_the_contract(anyone: Caller) -> None:
    contract = (Path(__file__).parents[1] / "contract" / "openapi.yaml").read_text(encoding="utf-8")
    promised = set(re.findall(r"^  (/\S+):$", contract, re.MULTILINE))

    assert promised == set(anyone.call("GET", "/openapi.json").json()["paths"])


def test_a_body_may_be_too_large(anyone: Caller) -> None:
    answer = anyone.call("POST", "/v1/auth/refresh", b"x" * (1024 * 1024 + 1))

    assert (answer.status, answer.problem) == (413, "too-large")

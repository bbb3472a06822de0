"""What the machinery around the service asks it: health, metrics, its own description."""

import re
import uuid
from collections.abc import Iterator

import pytest

from .client import Caller, canonical_document, media_type
from .documents import differences

# Prometheus, text format 0.0.4.
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(
    rf"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{{(?P<labels>(?:{LABEL}(?:,{LABEL})*,?)?)\}})?"
    r" (?P<value>[+-]?(?:[0-9.]+(?:e[+-]?[0-9]+)?|Inf)|NaN)(?: -?[0-9]+)?",
    re.IGNORECASE,
)
COMMENT = re.compile(r"# (?:HELP [a-zA-Z_:][a-zA-Z0-9_:]* .*|TYPE [a-zA-Z_:][a-zA-Z0-9_:]* (?P<type>[a-z]+))")
TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}


def samples(text: str) -> Iterator[tuple[str, str, float]]:
    """Name, labels and value of each sample; fails where Prometheus would."""
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("#"):
            comment = COMMENT.fullmatch(line)
            assert comment, line
            assert comment["type"] in {None, *TYPES}, line
        elif line:
            sample = SAMPLE.fullmatch(line)
            assert sample, line
            yield sample["name"], sample["labels"] or "", float(sample["value"])


def requests_counted(metrics: str) -> float:
    """By whatever counts HTTP requests: a counter, or how often the duration of one was observed."""
    counters = re.compile(r"http_.*request.*_(total|count)")
    return sum(value for name, _, value in samples(metrics) if counters.fullmatch(name))


def test_live(anyone: Caller) -> None:
    assert anyone.get("/livez").json() == {"status": "ok"}


def test_ready(anyone: Caller) -> None:
    answer = anyone.get("/readyz")

    assert answer.status_code == 200
    ready = answer.json()
    assert ready["status"] == "ready"
    assert ready["dependencies"]
    assert all(health["status"] == "up" for health in ready["dependencies"].values() if health["required"])


def test_metrics_can_be_read_by_prometheus(anyone: Caller) -> None:
    answer = anyone.get("/metrics")

    assert media_type(answer) == "text/plain"
    found = [(name, labels) for name, labels, _ in samples(answer.text)]
    assert found
    assert len(found) == len(set(found)), "a sample appears twice"


def test_requests_are_counted(anyone: Caller) -> None:
    before = requests_counted(anyone.get("/metrics").text)

    for _ in range(10):
        anyone.get("/v1/users/me")
        anyone.post("/v1/auth/logout", json={"refresh_token": "x"})

    assert requests_counted(anyone.get("/metrics").text) >= before + 20


def test_what_callers_write_does_not_become_a_label(anyone: Caller, admin: Caller) -> None:
    """Anybody could fill the memory of the service and of Prometheus otherwise."""
    unique = uuid.uuid4().hex
    admin.get(f"/v1/users/{unique}")
    anyone.get(f"/{unique}")
    anyone.get("/livez", headers={"X-Request-ID": unique})

    assert unique not in anyone.get("/metrics").text


def test_document_is_the_contract(anyone: Caller) -> None:
    answer = anyone.get("/openapi.json")

    assert media_type(answer) == "application/json"
    served = answer.json()
    assert served["openapi"].startswith("3.1.")
    assert differences(canonical_document(), served) == []


def test_document_is_for_people_too(anyone: Caller) -> None:
    served = anyone.get("/openapi.json").json()

    operations = [
        operation
        for item in served["paths"].values()
        for method, operation in item.items()
        if method in {"get", "post", "patch", "delete"}
    ]
    assert operations
    assert all(operation.get("summary") for operation in operations)
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))


def test_docs_are_a_page(anyone: Caller) -> None:
    answer = anyone.get("/docs")

    assert answer.status_code == 200
    assert media_type(answer) == "text/html"
    assert "<html" in answer.text.lower()


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/openapi.json", "/docs"])
def test_nobody_has_to_sign_in(anyone: Caller, path: str) -> None:
    assert anyone.get(path).status_code == 200
    assert anyone.with_token("forged").get(path).status_code == 200

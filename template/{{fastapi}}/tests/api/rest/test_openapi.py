"""The document that is served promises what `contract/openapi.yaml` does, in the places where the two are compared."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from httpx import AsyncClient

CONTRACT = Path(__file__).parents[3] / "contract" / "openapi.yaml"

type Document = dict[str, Any]


@pytest.fixture
async def served(anyone: AsyncClient) -> Document:
    response = await anyone.get("/openapi.json")
    assert response.status_code == 200
    return response.json()


@pytest.fixture(scope="module")
def contract() -> Document:
    return yaml.safe_load(CONTRACT.read_text())


def operations(document: Document) -> dict[str, dict[str, set[str]]]:
    """Of each operation: its id, its answers, its parameters, and the media types of its body."""
    found: dict[str, dict[str, set[str]]] = {}
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for method in item.keys() - {"parameters"}:
            operation = item[method]
            parameters = [resolve(document, each) for each in [*shared, *operation.get("parameters", [])]]
            found[f"{method.upper()} {path}"] = {
                "id": {operation["operationId"]},
                "answers": set(operation["responses"]),
                "parameters": {f"{each['in']} {each['name']}" for each in parameters},
                "body": set(operation.get("requestBody", {}).get("content", {})),
                "signed in": {"yes"} if operation.get("security") else set(),
            }
    return found


def resolve(document: Document, node: Document) -> Document:
    while "$ref" in node:
        reference = node["$ref"]
        node = document
        for name in reference.removeprefix("#/").split("/"):
            node = node[name]
    return node


def fields(document: Document) -> dict[str, tuple[set[str], set[str]]]:
    """Of each object: its fields, and those of them that are required."""
    return {
        name: (set(schema["properties"]), set(schema.get("required", [])))
        for name, schema in document["components"]["schemas"].items()
        if "properties" in schema
    }


async def test_it_is_openapi_3_1(served: Document) -> None:
    assert served["openapi"].startswith("3.1.")


async def test_operations_are_those_of_the_contract(served: Document, contract: Document) -> None:
    assert operations(served) == operations(contract)


async def test_objects_have_the_fields_of_the_contract(served: Document, contract: Document) -> None:
    promised = fields(contract)
    promised["TokenPairResponse"] = promised.pop("TokenPair")

    assert fields(served) == promised


async def test_it_can_be_read_as_a_page(anyone: AsyncClient) -> None:
    response = await anyone.get("/docs")

    assert response.status_code == 200
    assert "/openapi.json" in response.text

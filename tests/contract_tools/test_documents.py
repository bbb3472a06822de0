"""Tries the comparison of documents on the contract itself: each change of a promise is found, and nothing else."""

import copy
from collections.abc import Callable

import pytest

from tests.contract.client import canonical_document
from tests.contract.documents import Json, Node, differences

type Edit = Callable[[Node], None]

LIST = "paths > /v1/users > get"
CREATE = "paths > /v1/users > post"
NEW_USER = f"{CREATE} > requestBody > content > application/json"
SIGN_IN = "paths > /v1/auth/token > post > requestBody > content > application/x-www-form-urlencoded"
TOKEN_URL = "components securitySchemes OAuth2PasswordBearer flows password tokenUrl"


def put(path: str, value: Json) -> Edit:
    """Sets what is at a path, given as words."""

    def edit(document: Node) -> None:
        node, name = _holder(document, path)
        node[name] = copy.deepcopy(value)

    return edit


def drop(path: str) -> Edit:
    def edit(document: Node) -> None:
        node, name = _holder(document, path)
        del node[name]

    return edit


def _holder(document: Node, path: str) -> tuple[Json, Json]:
    *parents, name = (int(word) if word.isdecimal() and len(word) < 3 else word for word in path.split())
    node: Json = document
    for parent in parents:
        node = node[parent]
    return node, name


def found(*edits: Edit) -> list[str]:
    document = copy.deepcopy(canonical_document())
    for edit in edits:
        edit(document)
    assert repr(document) != repr(canonical_document())  # For Python, 1 is True.
    return differences(canonical_document(), document)


def test_nothing_differs_from_itself() -> None:
    assert differences(canonical_document(), copy.deepcopy(canonical_document())) == []


@pytest.mark.parametrize(
    ("edit", "difference"),
    [
        (drop("paths /livez"), 'paths > /livez: missing, should be {"get": {…'),
        (
            put("paths /hello", {"get": {"responses": {"200": {}}}}),
            'paths > /hello: {"get": {"responses": {"200": {"answered": true}}}} is served, but not in the contract',
        ),
        (drop("paths /v1/users post"), 'paths > /v1/users > post: missing, should be {"operationId": …'),
        (
            put("paths /v1/users get operationId", "list_users"),
            f'{LIST} > operationId: "list_users" is served, should be "listUsers"',
        ),
        (
            drop("paths /v1/users get security"),
            f'{LIST} > security: missing, should be [{{"OAuth2PasswordBearer": []}}]',
        ),
        (
            put("paths /v1/users get security", [{"OAuth2PasswordBearer": ["all"]}]),
            f'{LIST} > security: [{{"OAuth2PasswordBearer": ["all"]}}] is served, should be …',
        ),
        (drop("paths /v1/users get tags"), f'{LIST} > tags: missing, should be ["users"]'),
        (
            put("paths /v1/users get deprecated", True),  # noqa: FBT003
            f"{LIST} > deprecated: true is served, but not in the contract",
        ),
        (
            put("paths /v1/users get parameters 0 schema maximum", 1000),
            f"{LIST} > parameters > limit in query > schema > maximum: 1000 is served, should be 100",
        ),
        (
            put("paths /v1/users get parameters 0 schema minimum", True),  # noqa: FBT003
            f"{LIST} > parameters > limit in query > schema > minimum: true is served, should be 1",
        ),
        (
            put("paths /v1/users get parameters 0 required", True),  # noqa: FBT003
            f"{LIST} > parameters > limit in query > required: true is served, but not in the contract",
        ),
        (
            drop("paths /v1/users get parameters 1"),
            f"{LIST} > parameters > cursor in query: missing, should be …",
        ),
        (
            drop("paths /v1/users/{user_id} parameters"),
            "paths > /v1/users/{user_id} > delete > parameters > user_id in path: missing, should be …",
        ),
        (drop("paths /v1/users post requestBody"), f'{CREATE} > requestBody: missing, should be {{"content": …'),
        (drop("paths /v1/users post requestBody required"), f"{CREATE} > requestBody > required: missing, …"),
        (drop("paths /v1/users post responses 409"), f'{CREATE} > responses > 409: missing, should be {{"answered"…'),
        (
            put("paths /v1/users post responses 202", {}),
            f'{CREATE} > responses > 202: {{"answered": true}} is served, but not in the contract',
        ),
        (
            put("components responses Forbidden content", {"application/json": {}}),
            f"{LIST} > responses > 403 > content > application/json: {{}} is served, but not in the contract",
        ),
        (
            drop("paths /v1/users post responses 201 headers Location"),
            f'{CREATE} > responses > 201 > headers > location: missing, should be {{"required": true, …',
        ),
        (
            drop("paths /v1/users/{user_id} delete responses 204"),
            'paths > /v1/users/{user_id} > delete > responses > 204: missing, should be {"answered": true}',
        ),
        (
            drop("components schemas UserCreate properties role"),
            f'{NEW_USER} > properties > role: missing, should be {{"default": "user", "enum": ["admin", "user"]}}',
        ),
        (
            drop("components schemas UserCreate properties role default"),
            f'{NEW_USER} > properties > role > default: missing, should be "user"',
        ),
        (
            put("components schemas UserCreate required", ["email", "password"]),
            f'{NEW_USER} > required: ["email", "password"] is served, should be ["email", "name", "password"]',
        ),
        (
            drop("components schemas UserCreate additionalProperties"),
            f"{NEW_USER} > additionalProperties: missing, should be false",
        ),
        (
            put(
                "components schemas UserCreate properties password",
                {"anyOf": [{"type": "string", "minLength": 12, "maxLength": 128}, {"type": "null"}]},
            ),
            f'{NEW_USER} > properties > password > anyOf: [{{"maxLength": 128, "minLength": 12, "type": "string"}}, …',
        ),
        (
            put("components schemas SignInForm properties username maxLength", 99),
            f"{SIGN_IN} > properties > username > maxLength: 99 is served, should be 254",
        ),
        (
            put("components schemas SignInForm properties grant_type const", "password!"),
            f'{SIGN_IN} > properties > grant_type > const: "password!" is served, should be "password"',
        ),
        (
            put(TOKEN_URL, "/token"),
            (
                "securitySchemes > OAuth2PasswordBearer > flows > password > tokenUrl: "
                '"/token" is served, should be "/v1/auth/token"'
            ),
        ),
        (put("servers", [{"url": "/api"}]), 'servers: ["/api"] is served, should be []'),
        (put("openapi", "3.0.3"), 'openapi: "3.0" is served, should be "3.1"'),
    ],
)
def test_a_changed_promise_is_found(edit: Edit, difference: str) -> None:
    lines = found(edit)

    assert any(line.startswith(difference.removesuffix("…")) for line in lines), lines
    # And nothing else: other lines are about the same keyword in other places, or about what it takes the place of.
    last = difference.partition(": ")[0].rpartition(" > ")[-1]
    assert all(last in line or "missing" in line for line in lines), lines


def test_a_schema_is_compared_wherever_it_is_used() -> None:
    lines = found(put("components schemas Name maxLength", 99))

    # In a page, in two bodies and in four answers of a user.
    assert len(lines) == 7
    assert all(line.endswith("name > maxLength: 99 is served, should be 100") for line in lines)


def drop_what_is_for_people(node: Json) -> None:
    if isinstance(node, list):
        for child in node:
            drop_what_is_for_people(child)
    elif isinstance(node, dict):
        for key in ("description", "summary", "examples"):
            if isinstance(node.get(key), (str, list)):
                del node[key]
        for child in node.values():
            drop_what_is_for_people(child)


def number_the_statuses(document: Node) -> None:
    operation = document["paths"]["/v1/users"]["post"]
    operation["responses"] = {int(status): response for status, response in operation["responses"].items()}


CURSOR = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[A-Za-z0-9_-]+$"}
PAGE = "components schemas UserPage properties next_cursor"


@pytest.mark.parametrize(
    "edits",
    [
        pytest.param([drop_what_is_for_people], id="what only people read"),
        pytest.param([put("info", {"title": "Shop", "version": "7"})], id="the title"),
        pytest.param([put("openapi", "3.1.1")], id="a patch of OpenAPI"),
        pytest.param([put("servers", [{"url": "/"}])], id="the usual server"),
        pytest.param([put("components schemas UserCreate required", ["password", "name", "email"])], id="order"),
        pytest.param([put("components schemas Role enum", ["admin", "user"])], id="order of values"),
        pytest.param([drop("components schemas Role type")], id="a type that the values have"),
        pytest.param([put("components schemas Liveness properties status", {"enum": ["ok"]})], id="one value"),
        pytest.param([put("components schemas SignInForm additionalProperties", {})], id="what may be left out"),
        pytest.param(
            [
                put(
                    "components schemas UserCreate properties role",
                    {"allOf": [{"$ref": "#/components/schemas/Role"}], "default": "user"},
                )
            ],
            id="all of one",
        ),
        pytest.param([put(PAGE, CURSOR | {"type": ["null", "string"]})], id="two types"),
        pytest.param([put(PAGE, {"anyOf": [{"type": "null"}, {"anyOf": [CURSOR, CURSOR]}]})], id="any of any"),
        pytest.param(
            [
                put("paths /v1/users get parameters 1 schema", {"anyOf": [CURSOR, {"type": "null"}], "default": None}),
                put("paths /v1/users get parameters 1 required", False),  # noqa: FBT003
            ],
            id="null in a query",
        ),
        pytest.param(
            [
                put(
                    "components schemas SignInForm properties grant_type",
                    {"anyOf": [{"const": "password"}, {"type": "null"}], "default": "password"},
                )
            ],
            id="null in a form",
        ),
        pytest.param(
            [
                put("paths /v1/users get parameters 0 schema minimum", 1.0),
                drop("paths /v1/users get parameters 0 schema maximum"),
                put("paths /v1/users get parameters 0 schema exclusiveMaximum", 101),
            ],
            id="bounds of an integer",
        ),
        pytest.param([put("paths /v1/users post parameters 0 name", "idempotency-key")], id="the case of a header"),
        pytest.param([number_the_statuses], id="statuses as numbers"),
        pytest.param([put("components schemas Role x-note", "for people")], id="an extension"),
        pytest.param([put("components schemas Unused", {"type": "object"})], id="what is not used"),
        pytest.param([put(TOKEN_URL, "v1/auth/token")], id="a relative URL"),
    ],
)
def test_another_spelling_makes_no_difference(edits: list[Edit]) -> None:
    assert found(*edits) == []


def test_a_schema_within_itself_comes_to_an_end() -> None:
    def tree(name: str, **more: Node) -> Node:
        properties = {"children": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}, **more}
        answer = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}
        return {
            "openapi": "3.1.0",
            "paths": {"/tree": {"get": {"responses": {"200": answer}}}},
            "components": {"schemas": {name: {"properties": properties}}},
        }

    assert differences(tree("Node"), tree("Knot")) == []
    assert len(differences(tree("Node"), tree("Node", weight={"type": "integer"}))) == 1

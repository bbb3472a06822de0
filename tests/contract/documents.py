"""Compares two OpenAPI documents by what they say, not by how they say it.

Whatever only people read (titles, descriptions, examples), the order of things, references
and the several spellings of one thing are levelled out first. What is left must be equal.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urljoin

type Json = Any  # `object` would need a cast at every step down into a document.
type Node = dict[str, Json]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
FOR_PEOPLE = frozenset({"title", "description", "summary", "example", "examples", "externalDocs", "$comment"})
IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})  # By OpenAPI itself, as parameters.
COMBINATIONS = ("allOf", "anyOf", "oneOf")
NULL = {"type": "null"}

# Keywords whose values are schemas by a name that is not a keyword, and those whose value is one schema.
SCHEMAS_BY_NAME = frozenset({"properties", "patternProperties", "dependentSchemas"})
ONE_SCHEMA = frozenset({"items", "additionalProperties", "propertyNames", "contains", "not"})

# What a schema may as well leave out.
SAYS_NOTHING: Mapping[str, Sequence[Json]] = {
    "additionalProperties": (True, {}),
    "deprecated": (False,),
    "items": (True, {}),
    "minItems": (0,),
    "minLength": (0,),
    "properties": ({},),
    "readOnly": (False,),
    "required": ([],),
    "uniqueItems": (False,),
    "writeOnly": (False,),
}


def differences(canonical: Node, served: Node) -> list[str]:
    """One line for each difference, none if both documents promise the same."""
    return list(_differences(normalise(canonical), normalise(served), ()))


def normalise(document: Node) -> Node:
    """What a document promises, in one spelling."""
    return Normaliser(document).document()


def resolve(root: Node, reference: str) -> Json:
    """What a reference like `#/components/schemas/Email` stands for."""
    found: Json = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[unquote(part).replace("~1", "/").replace("~0", "~")]
    return found


class Normaliser:
    def __init__(self, root: Node) -> None:
        self.root = root

    def document(self) -> Node:
        schemes = self.root.get("components", {}).get("securitySchemes", {})
        return {
            "openapi": ".".join(str(self.root["openapi"]).split(".")[:2]),
            "servers": [server["url"] for server in self.root.get("servers", []) if server["url"] != "/"],
            "paths": {path: self.path(item) for path, item in self.root["paths"].items()},
            "securitySchemes": {name: self.security_scheme(scheme) for name, scheme in schemes.items()},
        }

    def security_scheme(self, scheme: Node) -> Node:
        scheme = {key: value for key, value in self.resolve(scheme).items() if key not in FOR_PEOPLE}
        flows = {
            name: flow | {key: urljoin("/", flow[key]) for key in flow if key.endswith("Url")}
            for name, flow in scheme.get("flows", {}).items()
        }
        return _without_empty(scheme | {"flows": flows})

    def path(self, item: Node) -> Node:
        item = self.resolve(item)
        shared = item.get("parameters", [])
        return {method: self.operation(item[method], shared) for method in METHODS if method in item}

    def operation(self, operation: Node, shared: Sequence[Node]) -> Node:
        parameters = [self.resolve(each) for each in (*shared, *operation.get("parameters", []))]
        body = self.resolve(operation.get("requestBody", {}))
        return _without_empty(
            {
                "operationId": operation.get("operationId"),
                "tags": sorted(operation.get("tags", [])),
                "deprecated": operation.get("deprecated", False),
                "security": [
                    {name: sorted(scopes) for name, scopes in each.items()}
                    for each in operation.get("security", self.root.get("security", []))
                ],
                "parameters": {
                    _parameter_name(each): self.parameter(each) for each in parameters if not _is_ignored(each)
                },
                "requestBody": self.content(body) | ({"required": True} if body.get("required") else {}),
                "responses": {
                    str(status): self.response(self.resolve(response))
                    for status, response in operation["responses"].items()
                },
            }
        )

    def parameter(self, parameter: Node) -> Node:
        """Of a request, or a header of a response."""
        parameter = self.resolve(parameter)
        schema = _without_null(self.schema(parameter.get("schema", {})))
        rest = {key: value for key, value in parameter.items() if key not in {"name", "in", "schema", *FOR_PEOPLE}}
        if schema.get("type") not in {"array", "object"}:
            # They say how to write several values, where there is only one.
            rest.pop("style", None)
            rest.pop("explode", None)
        return _without_empty({"schema": schema, **rest})

    def response(self, response: Node) -> Node:
        headers = {name.lower(): self.parameter(header) for name, header in response.get("headers", {}).items()}
        # Never null, so that a response without anything is still there to be compared.
        return {"answered": True, **_without_empty({"headers": headers, **self.content(response)})}

    def content(self, holder: Node) -> Node:
        """Of a body, by media type."""

        def media_type(name: str, entry: Node) -> Node:
            schema = self.schema(entry.get("schema", {}))
            return _without_null_fields(schema) if "form" in name else schema

        content = holder.get("content", {})
        return _without_empty(
            {"content": {name.split(";")[0].strip().lower(): media_type(name, each) for name, each in content.items()}}
        )

    def schema(self, schema: Json, inside: Sequence[str] = ()) -> Node:
        """A schema in one spelling; `inside` are the references that led to it."""
        if isinstance(schema, bool):
            return {} if schema else {"not": {}}
        reference = schema.get("$ref")
        if reference in inside:
            return {"again": len(inside) - inside.index(reference)}  # So many references further out.
        own = {key: value for key, value in schema.items() if key not in FOR_PEOPLE and not key.startswith("x-")}
        parts: list[Node] = []
        if reference is not None:
            own.pop("$ref")
            parts.append(self.schema(resolve(self.root, reference), (*inside, reference)))
        types = own.get("type")
        if isinstance(types, list):
            own.pop("type")
            parts.append(self.schema({"anyOf": [_of_type(own, each) for each in types]}, inside))
            own.clear()
        for keyword in COMBINATIONS:
            branches = [self.schema(branch, inside) for branch in own.pop(keyword, ())]
            parts.extend(_combined(keyword, branches))
        return _all_of([*parts, self.keywords(own, inside)])

    def keywords(self, schema: Node, inside: Sequence[str]) -> Node:
        """A schema without references and combinations."""
        result: Node = {}
        for key, value in schema.items():
            if key in SCHEMAS_BY_NAME:
                result[key] = {name: self.schema(each, inside) for name, each in value.items()}
            elif key in ONE_SCHEMA:
                result[key] = False if value is False else self.schema(value, inside)
            elif key in {"required", "enum"}:
                result[key] = sorted(value, key=_text)
            else:
                result[key] = value
        if len(result.get("enum", ())) == 1:
            result["const"] = result.pop("enum")[0]
        if "const" in result or "enum" in result:
            result.pop("type", None)  # The values have it.
        if result.get("type") == "integer":
            for exclusive, inclusive, step in (("exclusiveMinimum", "minimum", 1), ("exclusiveMaximum", "maximum", -1)):
                if isinstance(result.get(exclusive), int) and inclusive not in result:
                    result[inclusive] = result.pop(exclusive) + step
        return {key: value for key, value in result.items() if not _is_among(value, SAYS_NOTHING.get(key, ()))}

    def resolve(self, node: Node) -> Node:
        """What a node stands for that may be a reference."""
        return self.resolve(resolve(self.root, node["$ref"])) if "$ref" in node else node


def _differences(expected: Json, actual: Json, path: Sequence[str]) -> Iterator[str]:
    place = " > ".join(path)
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in sorted(expected.keys() | actual.keys()):
            if key not in actual:
                yield f"{_place(path, key)}: missing, should be {_text(expected[key])}"
            elif key not in expected:
                yield f"{_place(path, key)}: {_text(actual[key])} is served, but not in the contract"
            else:
                yield from _differences(expected[key], actual[key], (*path, key))
    elif not _same(expected, actual):
        yield f"{place}: {_text(actual)} is served, should be {_text(expected)}"


def _place(path: Sequence[str], key: str) -> str:
    return " > ".join((*path, key))


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _same(one: Json, other: Json) -> bool:
    """Whether two values are equal in JSON, where 1 is 1.0 but not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return one == other


def _is_among(value: Json, values: Iterable[Json]) -> bool:
    return any(_same(value, each) for each in values)


def _parameter_name(parameter: Node) -> str:
    name, place = parameter["name"], parameter["in"]
    return f"{name.lower() if place == 'header' else name} in {place}"


def _is_ignored(parameter: Node) -> bool:
    return parameter["in"] == "header" and parameter["name"].lower() in IGNORED_HEADERS


def _without_empty(node: Node) -> Node:
    """Leaves out what says nothing. Not for schemas, where `false` and `{}` say something."""
    return {key: value for key, value in node.items() if not _is_among(value, (None, False, "", [], {}))}


def _without_null(schema: Node) -> Node:
    """Leaves null out, which nobody can write in a header, a query or a form."""
    if "default" in schema and schema["default"] is None:
        schema = {key: value for key, value in schema.items() if key != "default"}
    if NULL not in schema.get("anyOf", ()):
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return _all_of([*_combined("anyOf", [branch for branch in schema["anyOf"] if branch != NULL]), rest])


def _without_null_fields(schema: Node) -> Node:
    if "properties" not in schema:
        return schema
    return schema | {"properties": {name: _without_null(field) for name, field in schema["properties"].items()}}


def _of_type(schema: Node, name: str) -> Node:
    """One branch of a schema with several types."""
    return dict(NULL) if name == "null" else schema | {"type": name}


def _combined(keyword: str, branches: Sequence[Node]) -> Iterator[Node]:
    """The schemas that must hold together when some are combined by `allOf`, `anyOf` or `oneOf`."""
    if keyword == "allOf" or len(branches) == 1:
        yield from branches
    elif branches:
        flat: list[Node] = []
        for branch in branches:
            # Any of (any of these) is any of these.
            inner = branch["anyOf"] if keyword == "anyOf" and branch.keys() == {"anyOf"} else [branch]
            flat.extend(each for each in inner if not _is_among(each, flat))
        yield {keyword: sorted(flat, key=_text)}


def _all_of(schemas: Sequence[Node]) -> Node:
    """One schema that says what all of them say: side by side where they do not get in each other's way."""
    merged: Node = {}
    apart: list[Node] = []
    for schema in schemas:
        if any(key in merged and not _same(merged[key], value) for key, value in schema.items()):
            apart.append(schema)
        else:
            merged |= schema
    return merged | ({"allOf": sorted(apart, key=_text)} if apart else {})

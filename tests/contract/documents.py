"""Compares two OpenAPI documents by what they say, not by how they say it.

Whatever only people read (titles, descriptions, examples, operation ids), the order of things, references
and the several spellings of one thing are levelled out first. What is left must be equal.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

type Json = Any  # `object` would need a cast at every step down into a document.
type Node = dict[str, Json]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
FOR_PEOPLE = ("title", "description", "summary", "example", "examples", "externalDocs", "$comment")


def differences(canonical: Node, served: Node) -> list[str]:
    """One line for each difference, none if both documents promise the same."""
    expected = dict(_leaves(normalise(canonical)))
    actual = dict(_leaves(normalise(served)))
    lines = []
    for path in sorted(expected.keys() | actual.keys()):
        if path not in actual:
            lines.append(f"{path}: missing, should be {expected[path]!r}")
        elif path not in expected:
            lines.append(f"{path}: {actual[path]!r} is served, but not in the contract")
        elif not _same(expected[path], actual[path]):
            lines.append(f"{path}: {actual[path]!r} is served, should be {expected[path]!r}")
    return lines


def normalise(document: Node) -> Node:
    """What a document promises, in one spelling."""
    return Normaliser(document).document()


class Normaliser:
    def __init__(self, root: Node) -> None:
        self.root = root

    def document(self) -> Node:
        schemes = self.root.get("components", {}).get("securitySchemes", {})
        return {
            "paths": {path: self.path(item) for path, item in self.root["paths"].items()},
            "securitySchemes": {name: self.anything(scheme) for name, scheme in schemes.items()},
        }

    def path(self, item: Node) -> Node:
        item = self.resolve(item)
        shared = item.get("parameters", [])
        return {method: self.operation(item[method], shared) for method in METHODS if method in item}

    def operation(self, operation: Node, shared: Sequence[Node]) -> Node:
        parameters = [self.resolve(each) for each in (*shared, *operation.get("parameters", []))]
        body = self.resolve(operation.get("requestBody", {}))
        return _without_empty(
            {
                "tags": sorted(operation.get("tags", [])),
                "deprecated": operation.get("deprecated", False),
                "security": [
                    {name: sorted(scopes) for name, scopes in each.items()}
                    for each in operation.get("security", self.root.get("security", []))
                ],
                "parameters": {_parameter_name(each): self.parameter(each) for each in parameters},
                "requestBody": self.content(body, on_wire_as_text=False)
                | ({"required": True} if body.get("required") else {}),
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

    def content(self, holder: Node, *, on_wire_as_text: bool = False) -> Node:
        def media_type(name: str, entry: Node) -> Node:
            schema = self.schema(entry.get("schema", {}))
            return _without_null_fields(schema) if "form" in name or on_wire_as_text else schema

        content = holder.get("content", {})
        return _without_empty({"content": {name: media_type(name, entry) for name, entry in content.items()}})

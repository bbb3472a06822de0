"""How the ORM's queries become commands. It does not see a document that has been deleted and has events left."""

from collections.abc import Mapping, Sequence
from typing import Any, override

from django.core.exceptions import EmptyResultSet
from django_mongodb_backend import compiler
from django_mongodb_backend.query import MongoQuery

from config.database.mongodb.documents import ALIVE, DELETED, EVENTFUL, IS_DONE, UNIQUE, flat, nested
from config.database.mongodb.failures import djangos_errors


class PlainQuery(MongoQuery):
    """In words that every server knows, for those that name newer ones."""

    @override
    def get_pipeline(self) -> list[dict[str, Any]]:
        return [_plain_stage(stage) for stage in super().get_pipeline()]


class Telling:
    """Says in Django's words what went wrong."""

    def execute_sql(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - As Django has it.
        with djangos_errors():
            return super().execute_sql(*arguments, **options)  # type: ignore[misc] # Mixed into compilers.


class AliveOnly(Telling):
    """Looks for nothing that has been deleted."""

    collection_name: str
    query_class = PlainQuery

    @property
    def needs_wrap_aggregation(self) -> bool:
        """Never: Django itself knows what the aggregate of nothing is, and not every server can be asked for it."""
        return False

    @needs_wrap_aggregation.setter
    def needs_wrap_aggregation(self, _: bool) -> None: ...

    def build_query(self, columns: Any = None) -> MongoQuery:  # noqa: ANN401 - As Django has it.
        query: MongoQuery = super().build_query(columns)  # type: ignore[misc] # Mixed into compilers.
        if self.collection_name in EVENTFUL:
            query.match_mql = {"$and": [ALIVE, query.match_mql]} if query.match_mql else ALIVE
        return query

    def _make_result(self, entity: Mapping[str, Any], columns: Any) -> Any:  # noqa: ANN401 - As the backend has it.
        return super()._make_result(flat(entity), columns)  # type: ignore[misc] # Mixed into compilers.


class SQLCompiler(AliveOnly, compiler.SQLCompiler):
    pass


class SQLInsertCompiler(Telling, compiler.SQLInsertCompiler):
    @override
    def insert(self, docs: list[dict[str, Any]], returning_fields: Any = None) -> Any:
        fields = self.query.get_meta().concrete_fields
        return super().insert([nested(each, fields) for each in docs], returning_fields)


class SQLDeleteCompiler(AliveOnly, compiler.SQLDeleteCompiler):
    @override
    def execute_sql(self, result_type: str = compiler.MULTI) -> int:
        if self.collection_name not in EVENTFUL:
            return int(super().execute_sql(result_type))
        try:
            criteria = self.build_query().match_mql
        except EmptyResultSet:
            return 0
        with djangos_errors():
            return self._hide(criteria)

    def _hide(self, criteria: Mapping[str, Any]) -> int:
        changes = {"$set": DELETED, "$unset": dict.fromkeys(UNIQUE, "")}
        result = self.collection.update_many(criteria, changes)
        self.collection.delete_many(IS_DONE)
        return int(result.matched_count)


class SQLUpdateCompiler(AliveOnly, compiler.SQLUpdateCompiler):
    @override
    def update(self, criteria: Mapping[str, Any], pipeline: Sequence[Mapping[str, Any]]) -> int:
        """With operators rather than a pipeline if they do: every server has them."""
        values = pipeline[0]["$set"]
        if all(isinstance(value, dict) and value.keys() == {"$literal"} for value in values.values()):
            operators = {"$set": {name: value["$literal"] for name, value in values.items()}}
            return int(super().update(criteria, operators))
        return int(super().update(criteria, pipeline))


class SQLAggregateCompiler(Telling, compiler.SQLAggregateCompiler):
    query_class = PlainQuery
    needs_wrap_aggregation = AliveOnly.needs_wrap_aggregation


def _plain_stage(stage: dict[str, Any]) -> dict[str, Any]:
    match stage:
        case {"$set": fields}:
            return {"$addFields": _plain(fields)}
        case {"$lookup": {"pipeline": [], **lookup}}:  # It does nothing.
            return {"$lookup": lookup}
        case _:
            return {name: _plain(value) for name, value in stage.items()}


def _plain(expression: Any) -> Any:  # noqa: ANN401 - A part of a command.
    match expression:
        case {"$literal": _}:
            return expression
        case {"$eq": [{"$type": value}, "missing"]}:  # What is missing comes before null, which comes before the rest.
            return {"$lte": [value, None]}
        case {"$switch": {"branches": branches, "default": value}}:
            choice = _plain(value)
            for branch in reversed(branches):
                choice = {"$cond": [_plain(branch["case"]), _plain(branch["then"]), choice]}
            return choice
        case dict():
            return {name: _plain(value) for name, value in expression.items()}
        case list():
            return [_plain(value) for value in expression]
        case _:
            return expression

"""How the ORM's queries become commands. It does not see a document that has been deleted and has events left."""

from collections.abc import Mapping
from typing import Any, override

from django.core.exceptions import EmptyResultSet
from django_mongodb_backend import compiler
from django_mongodb_backend.query import MongoQuery

from config.database.mongodb.documents import ALIVE, DELETED, EVENTFUL, IS_DONE, UNIQUE, flat, nested
from config.database.mongodb.failures import djangos_errors


class Telling:
    """Says in Django's words what went wrong."""

    def execute_sql(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - As Django has it.
        with djangos_errors():
            return super().execute_sql(*arguments, **options)  # type: ignore[misc] # Mixed into compilers.


class AliveOnly(Telling):
    """Looks for nothing that has been deleted."""

    collection_name: str

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
        if self.query.get_meta().db_table not in EVENTFUL:
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
    pass


class SQLAggregateCompiler(Telling, compiler.SQLAggregateCompiler):
    pass

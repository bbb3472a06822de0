from typing import override

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from service.activity.models import Activity
from service.activity.services import LOGGED
from service.platform.read_only import ReadOnlyAdmin


class TypeFilter(admin.SimpleListFilter):
    """By the types that there are; Django's own filter would look through the whole log for them."""

    title = parameter_name = "type"

    @override
    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Activity]) -> list[tuple[str, str]]:
        return [(each, each) for each in LOGGED]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Activity]) -> QuerySet[Activity]:
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin[Activity]):
    """The audit log: to be read, never to be changed."""

    list_display = ("time", "type", "user_id", "by")
    list_filter = (TypeFilter, "time")
    search_fields = ("user_id", "by")
    search_help_text = "The id of the user whom it is about, or who did it."
    ordering = ("-time", "-key")

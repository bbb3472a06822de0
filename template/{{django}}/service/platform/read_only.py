"""What the admin site shows, and nobody changes there."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest


class ReadOnlyAdmin[Record: Model](admin.ModelAdmin[Record]):
    show_full_result_count = False

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _record: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _record: Model | None = None) -> bool:
        return False

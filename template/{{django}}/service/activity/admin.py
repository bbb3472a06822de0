from django.contrib import admin

from service.activity.models import Activity
from service.platform.read_only import ReadOnlyAdmin


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin[Activity]):
    """The audit log: to be read, never to be changed."""

    list_display = ("time", "type", "user_id", "by")
    list_filter = ("type", "time")
    search_fields = ("user_id", "by")
    search_help_text = "The id of the user whom it is about, or who did it."
    ordering = ("-time", "-key")

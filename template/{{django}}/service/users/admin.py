"""Users on the admin site. All that is done here goes through the services, as it does by the API."""

from typing import Any, cast, override

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from service.about import TITLE
from service.domain.errors import ServiceError
from service.users import services
from service.users.forms import OwnPasswordForm, SignInForm, UserForm
from service.users.models import User


@admin.register(User)
class UserAdmin(admin.ModelAdmin[User]):
    form = UserForm
    list_display = ("email", "name", "role", "created_at")
    list_filter = ("role", "created_at")
    search_fields = ("email", "name")
    ordering = ("-created_at", "-id")
    readonly_fields = ("id", "created_at", "version")
    show_full_result_count = False

    @override
    def get_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        if obj is None:
            return ("email", "name", "role", "new_password")
        # One's own password asks for the current one, on a page of its own.
        own = () if obj == request.user else ("new_password",)
        return ("id", "email", "name", "role", *own, "created_at", "version")

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        # Whoever is here is an admin, and stays one, so there always is one.
        own = ("role",) if obj is not None and obj == request.user else ()
        return (*self.readonly_fields, *own) if obj else ()

    @override
    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and obj != request.user

    @override
    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        password = form.cleaned_data.get("new_password") or None
        if not change:
            new = services.NewUser(email=obj.email, name=obj.name, role=obj.role, password=password or "")
            obj.pk = services.create_user(_caller(request), new).pk
            return
        changes = {name: form.cleaned_data[name] for name in form.changed_data if name != "new_password"}
        if password:
            changes["password"] = password
        services.update_user(_caller(request), str(obj.pk), cast("services.UserChanges", changes))

    @override
    def delete_model(self, request: HttpRequest, obj: User) -> None:
        services.delete_user(_caller(request), str(obj.pk))

    @override
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset.exclude(pk=_caller(request).pk):
            self.delete_model(request, user)

    @override
    def changeform_view(self, request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        """Says what a service refuses, such as an e-mail that somebody else was given at the same moment."""
        try:
            return super().changeform_view(request, *arguments, **options)
        except ServiceError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())


def _caller(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


if isinstance(admin.site.get_model_admin(Group), GroupAdmin):  # There are roles.
    admin.site.unregister(Group)
admin.site.site_header = admin.site.site_title = TITLE
admin.site.site_url = "/docs"
admin.site.login_form = SignInForm
admin.site.password_change_form = OwnPasswordForm

"""Users on the admin site. All that is done here goes through the services, as it does by the API."""

from typing import Any, cast, override

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from service.about import TITLE
from service.domain.errors import ServiceError
from service.events import storage
from service.users import events, services
from service.users.models import User


class SignInForm(AdminAuthenticationForm):
    """Signing in here is logged as it is by the API, refused or not."""

    @override
    def clean(self) -> dict[str, Any]:
        try:
            cleaned = super().clean()
        except ValidationError:
            email = self.cleaned_data.get("username", "").lower()
            storage.append(events.session_refused(User.objects.filter(email=email).first()))
            raise
        user = self.get_user()
        if isinstance(user, User):
            storage.append(events.session_started(user))
        return cleaned


class OwnPasswordForm(AdminPasswordChangeForm):
    """A new password for whoever is signed in: it ends their other sessions and their tokens, as it does by the API."""

    @override
    def save(self, commit: bool = True) -> User:
        old, new = (self.cleaned_data[name] for name in ("old_password", "new_password1"))
        services.update_user(self.user, str(self.user.pk), {"current_password": old, "password": new})
        self.user.refresh_from_db()
        return self.user


class UserForm(forms.ModelForm[User]):
    new_password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        required=False,
        strip=False,
        help_text="At least 12 characters. Left empty, a password stays as it is.",
    )

    class Meta:
        model = User
        fields = ("email", "name", "role")

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def clean_new_password(self) -> str:
        password = str(self.cleaned_data["new_password"])
        if password:
            validate_password(password, self.instance)
        elif self.instance._state.adding:  # noqa: SLF001 - Django's documented API.
            raise ValidationError("A new user needs a password.")
        return password


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

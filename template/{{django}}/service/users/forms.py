"""What people enter on the admin site."""

from typing import Any, override

import pydantic
from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from pydantic import TypeAdapter

from service.events import storage
from service.platform.schemas import Email, Name, Password, in_words
from service.users import events, services
from service.users.models import User

# What the API would not take is not taken here, and said in the same words.
EMAIL, NAME, PASSWORD = TypeAdapter[str](Email), TypeAdapter[str](Name), TypeAdapter[str](Password)


def checked(kind: TypeAdapter[str], value: str) -> str:
    try:
        return kind.validate_python(value)
    except pydantic.ValidationError as error:
        raise ValidationError([in_words(each) for each in error.errors(include_input=False)]) from None


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

    user: User

    def clean_new_password1(self) -> str:
        return checked(PASSWORD, self.cleaned_data["new_password1"])

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
        return checked(EMAIL, self.cleaned_data["email"])

    def clean_name(self) -> str:
        return checked(NAME, self.cleaned_data["name"])

    def clean_new_password(self) -> str:
        password: str = self.cleaned_data["new_password"]
        if not password and not self.instance._state.adding:  # noqa: SLF001 - Django's documented API.
            return password
        validate_password(checked(PASSWORD, password), self.instance)
        return password

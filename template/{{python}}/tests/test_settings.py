import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from service import settings
from service.settings import Settings, SettingsError

SECRET = "not-to-be-shown-0123456789-0123456789"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Loader":
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return Loader(monkeypatch, tmp_path / ".env")


class Loader:
    """Loads the settings from an environment, and an `.env` file, that are empty but for what is given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, env_file: Path) -> None:
        self._monkeypatch = monkeypatch
        self._env_file = env_file

    def __call__(self, env_file: str = "", **environment: str) -> Settings:
        self._env_file.write_text(env_file)
        for name, value in environment.items():
            self._monkeypatch.setenv(name, value)
        return settings.load()

    def complaints(self, **environment: str) -> Mapping[str, str]:
        with pytest.raises(SettingsError) as caught:
            self(**environment)
        assert SECRET not in str(caught.value)
        return dict(line.split(": ", 1) for line in str(caught.value).splitlines())


def test_a_secret_is_all_it_takes(load: Loader) -> None:
    loaded = load(SECRET_KEY=SECRET)

    assert loaded.secret_key.get_secret_value() == SECRET
    assert (loaded.environment, loaded.host, loaded.port) == ("development", "127.0.0.1", 8000)
    assert (loaded.access_token_seconds, loaded.bcrypt_cost) == (900, 12)


def test_without_a_secret_nothing_works(load: Loader) -> None:
    assert load.complaints() == {"SECRET_KEY": "is missing"}


@pytest.mark.parametrize("environment", ["development", "production"])
def test_a_short_secret_is_as_good_as_none(load: Loader, environment: str) -> None:
    complaints = load.complaints(SECRET_KEY="x" * 31, ENVIRONMENT=environment)

    assert complaints == {"SECRET_KEY": "must have at least 32 characters"}


def test_every_setting_that_is_wrong_is_named(load: Loader) -> None:
    wrong = {
        "SECRET_KEY": "short",
        "ENVIRONMENT": "prod",
        "PORT": "65536",
        "LOG_LEVEL": "loud",
        "ACCESS_TOKEN_SECONDS": "0.5",
        "REFRESH_TOKEN_SECONDS": "0",
        "BCRYPT_COST": "3",
        "USER_CACHE_SECONDS": "inf",
        "SHUTDOWN_SECONDS": "-1",
        "DATABASE_URL": "another://place",
        "SLOW_QUERY_MILLISECONDS": "soon",
    }

    assert set(load.complaints(**wrong)) == set(wrong)


def test_production_asks_for_more(load: Loader) -> None:
    assert list(load.complaints(SECRET_KEY=SECRET, ENVIRONMENT="production", BCRYPT_COST="9")) == ["BCRYPT_COST"]
    assert load(BCRYPT_COST="10").in_production


def test_an_env_file_is_read_in_development_and_the_environment_wins(load: Loader) -> None:
    loaded = load(f"SECRET_KEY={SECRET}\nPORT=1\nHOST=0.0.0.0\nANOTHER=1", PORT="2")

    assert (loaded.secret_key.get_secret_value(), loaded.host, loaded.port) == (SECRET, "0.0.0.0", 2)


def test_an_env_file_is_not_read_in_production(load: Loader) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        load(f"SECRET_KEY={SECRET}", ENVIRONMENT="production")


def test_secrets_are_not_shown(load: Loader) -> None:
    shown = repr(load(SECRET_KEY=SECRET))

    assert SECRET not in shown
    assert "database_url" not in shown


def test_the_example_lists_every_setting() -> None:
    example = Path(__file__).parents[1].joinpath(".env.example").read_text()
    listed = [name.lower() for name in re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)]

    assert listed == list(Settings.model_fields)

"""A name is a condition: a project holds nothing of a choice that was not made.

What to look for comes from the questions and the options: the choices, their packages and their settings.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from tests import template
from tests.frameworks import FRAMEWORKS

from .project import Project, expect_none

type Choice = tuple[str, str]

NOTHING = "none"  # The choice to go without, which is an ordinary word.
FORMAT_OF_PASSWORDS = "bcrypt_sha256"  # Django's, which all frameworks have, and say whose it is.


def choices_of(answers: template.Answers) -> set[Choice]:
    return {(name, each) for name, value in answers.items() for each in (value if isinstance(value, list) else [value])}


@cache
def owners(framework: str) -> dict[str, list[set[Choice]]]:
    """The words that belong to choices, each with the sets of choices that bring it; one of them is enough.

    Packages are those of one framework: what is called like another's may be an ordinary word in it.
    """
    found: dict[str, list[set[Choice]]] = defaultdict(list)
    for (name, choice), label in template.labels().items():
        # Where a choice is a product, its label begins with it; "memory" is an ordinary word as well.
        if label.lower().startswith(choice) and choice != NOTHING:
            found[choice].append({(name, choice)})
    for option in template.options():
        choice = {(option["question"], option["choice"])} if "question" in option else set()
        for package in option.get("packages", {}).get(framework, []):
            found[package_name(package)].append(choice)
        for setting in option.get("settings", []):
            found[setting["name"]].append(choice)
    return found


def package_name(requirement: str) -> str:
    name = re.match(r"@?[\w./-]+", requirement)
    assert name, requirement
    return name[0].lower()


@cache
def pattern(word: str) -> re.Pattern[str]:
    """Finds a word, whatever its case and its hyphens: `kafka`, `Kafka`, `KAFKA_URL`, `KafkaBroker`, `ourKafka`."""
    plain = re.escape(word).replace(r"\-", "[-_]")
    capital = plain[0].upper() + plain[1:]
    return re.compile(rf"(?:(?<![A-Za-z])(?i:{plain})|(?<=[a-z]){capital})(?![a-z])")


def foreign_words(project: Project) -> list[str]:
    made = choices_of(project.answers)
    words = owners(project.answers["framework"])
    return [word for word, brought_by in words.items() if not any(each <= made for each in brought_by)]


def test_there_are_words_to_look_for(projects: list[Project]) -> None:
    if len(projects) > 1:
        assert all(foreign_words(project) for project in projects)


def test_no_path_is_named_after_another_choice(projects: list[Project]) -> None:
    choices = set(template.labels())
    expect_none(f"{project}: {path}" for project in projects for path in _foreign_paths(project, choices))


def _foreign_paths(project: Project, choices: set[Choice]) -> Iterator[str]:
    made = choices_of(project.answers)
    for path in project.files:
        names = [PurePosixPath(part).stem for part in PurePosixPath(path).parts]
        for question, name in zip([None, *names], names, strict=False):
            owning = {each for each in choices if each[1] == name}
            # `cache/redis.py` is the cache's, whatever the broker is.
            owning = {each for each in owning if each[0] == question} or owning
            if owning and not owning & made:
                yield path


def test_no_file_speaks_of_another_choice(projects: list[Project]) -> None:
    """Neither code, nor README, nor compose: of its product, its packages or its settings."""
    found = _Words()
    expect_none(
        f"{project}: {path}: {word}"
        for project in projects
        for path, content in project.files.items()
        for word in foreign_words(project)
        if word in found.of(content)
    )


class _Words:
    """Looks once through each content."""

    def __init__(self) -> None:
        self._words = {word for framework in FRAMEWORKS for word in owners(framework)}
        self._found: dict[bytes, set[str]] = {}

    def of(self, content: bytes) -> set[str]:
        if content not in self._found:
            text = content.decode()
            words = self._words - (set(FRAMEWORKS) if FORMAT_OF_PASSWORDS in text else set())
            self._found[content] = {word for word in words if pattern(word).search(text)}
        return self._found[content]


def test_the_manifest_has_the_packages_of_its_choices_and_no_other(projects: list[Project]) -> None:
    for project in projects:
        wanted = [each for option in template.chosen(project.answers) for each in _packages(option, project)]
        framework = FRAMEWORKS[project.answers["framework"]]
        assert sorted(framework.dependencies(project.text(framework.manifest))) == sorted(set(wanted)), project


def _packages(option: Mapping[str, Any], project: Project) -> list[str]:
    return option.get("packages", {}).get(project.answers["framework"], [])


def test_a_package_has_the_same_bounds_wherever_it_is_named() -> None:
    bounds: dict[tuple[str, str], set[str]] = defaultdict(set)
    for option in template.options():
        for framework, packages in option.get("packages", {}).items():
            for package in packages:
                bounds[framework, package_name(package)].add(package)
    assert {name: found for name, found in bounds.items() if len(found) > 1} == {}


def test_the_example_settings_are_those_of_its_choices(projects: list[Project]) -> None:
    for project in projects:
        named = re.findall(r"^#?([A-Z][A-Z_0-9]*)=", project.text(".env.example"), re.MULTILINE)
        assert named == _settings(project), project


def test_the_typed_settings_are_those_of_its_choices(projects: list[Project]) -> None:
    for project in projects:
        framework = FRAMEWORKS[project.answers["framework"]]
        assert framework.setting_names(project.text(framework.settings)) == _settings(project), project


def _settings(project: Project) -> list[str]:
    framework = project.answers["framework"]
    of_all = [each for option in template.chosen(project.answers) for each in option.get("settings", [])]
    return [setting["name"] for setting in of_all if framework not in setting.get("without", [])]


def test_every_option_belongs_to_a_choice() -> None:
    made: Iterable[Choice] = ((each["question"], each["choice"]) for each in template.options() if "question" in each)
    assert set(made) <= set(template.labels())

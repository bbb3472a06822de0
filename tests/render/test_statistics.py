"""The template stays plain: see the design's "Five more rules that keep the template plain"."""

from pathlib import Path

import pytest

from tests import statistics, template
from tests.statistics import Source, answers_in, conditions, plain_files, plain_lines, sources

from .project import expect_none

MOST_CONDITIONALS = 8


def test_most_files_and_lines_are_plain() -> None:
    assert plain_files(sources()) >= 0.85
    assert plain_lines(sources()) >= 0.8


def test_no_file_has_many_conditionals() -> None:
    expect_none(
        f"{file.path}: {len(file.conditions)}" for file in sources() if len(file.conditions) > MOST_CONDITIONALS
    )


def test_no_conditional_looks_at_two_answers() -> None:
    expect_none(f"{file.path}: {' and '.join(names)}" for file in sources() for names in file.on_several_answers)
    expect_none(
        f"_exclude: {entry}"
        for entry in template.configuration()["_exclude"]
        for condition in conditions(entry)
        if len(answers_in(condition)) > 1
    )


@pytest.mark.parametrize(
    ("text", "count", "names"),
    [
        ("{% if cache %}{% elif database %}{% else %}{% endif %}", 2, set[str]()),
        ("{{ 1 if database == 'sqlite' and cache in ['redis'] else 2 }}", 1, {"database", "cache"}),
        ("{% for each in chosen if cache or database %}{% endfor %}", 1, {"database", "cache"}),
        ("{% for each in chosen %}{{ each }}{% endfor %}", 0, set[str]()),
    ],
)
def test_conditionals_are_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, count: int, names: set[str]
) -> None:
    monkeypatch.setattr(template, "ROOT", tmp_path)
    monkeypatch.setattr(template, "questions", lambda: {"cache": {}, "database": {}})
    (tmp_path / "a.jinja").write_text(text)
    file = Source(Path("a.jinja"))
    assert len(file.conditions) == count
    assert file.on_several_answers == ([names] if names else [])
    assert file.tagged_lines == 1


def test_the_report_can_be_read() -> None:
    lines = list(statistics.report())
    assert "files" in lines[0]
    assert all(len(line) <= 80 for line in lines)

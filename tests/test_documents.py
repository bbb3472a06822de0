"""What the documents promise is there."""

import re
from urllib.parse import unquote

import pytest

from tests import template
from tests.variants.pairwise import pairwise

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/command.md", "docs/updating.md")


def test_the_readme_offers_what_can_be_chosen() -> None:
    rows = dict(re.findall(r"^\| (\w+) \| (.*) \|$", (template.ROOT / "README.md").read_text(), re.MULTILINE))
    for name, entry in template.questions().items():
        offered = [_short(choice) for choice in rows.get(name, "").split(", ") if choice]
        assert offered == [_short(label) for label in entry.get("choices", {})], name


def test_the_readme_tells_which_variants_are_run() -> None:
    text = (template.ROOT / "README.md").read_text()
    run = pairwise(template.legal())
    assert f"All {len(template.legal())} combinations" in text
    for framework, label in _labels("framework"):
        names = {
            answers["broker"]: [_name(answers, each) for each in ("database", "cache")]
            for answers in run
            if answers["framework"] == framework
        }
        cells = [", ".join(names[broker]) for broker, _ in _labels("broker")]
        assert f"| {' | '.join([_product(label), *cells])} |" in text, framework


def _labels(question: str) -> list[tuple[str, str]]:
    return [(choice, label) for (name, choice), label in template.labels().items() if name == question]


def _name(answers: template.Answers, question: str) -> str:
    return _product(template.labels()[question, answers[question]])


def _product(label: str) -> str:
    """Of its label, what the choice is called."""
    name = label.partition(" (")[0]
    return "memory" if "memory" in name else name


def _short(label: str) -> str:
    return label.partition(" (")[0].lower()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    path = template.ROOT / document
    targets = [unquote(target.partition("#")[0]) for target in re.findall(r"\]\(([^)]+)\)", path.read_text())]
    assert [target for target in targets if ":" not in target and not (path.parent / target).exists()] == []


@pytest.mark.parametrize("verb", ["demo", "test", "lint", "format", "stats", "servers"])
def test_verbs_are_told(verb: str) -> None:
    assert f"`make {verb}`" in (template.ROOT / "CONTRIBUTING.md").read_text()
    assert f"\n{verb}: " in (template.ROOT / "Makefile").read_text()

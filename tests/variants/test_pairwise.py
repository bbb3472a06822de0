from itertools import product

import pytest

from tests import template

from .pairwise import pairs, pairwise

QUESTIONS = {"framework": "fdeg", "database": "spm", "cache": "mr", "broker": "mrkd", "discovery": "nc", "api": "0123"}
ALL = [dict(zip(QUESTIONS, answers, strict=True)) for answers in product(*QUESTIONS.values())]
SOME = [answers for answers in ALL if not (answers["database"] == "s" and answers["broker"] in "rk")]


@pytest.mark.parametrize("legal", [ALL, SOME, template.legal()], ids=["all", "some", "ours"])
def test_every_pair_of_choices_is_covered(legal: list[dict[str, str]]) -> None:
    assert set().union(*map(pairs, pairwise(legal))) == set().union(*map(pairs, legal))


def test_it_takes_hardly_more_combinations_than_the_two_longest_questions_have() -> None:
    assert 16 <= len(pairwise(ALL)) <= 24 < len(ALL) == 768


def test_it_begins_with_the_defaults_and_is_the_same_every_time() -> None:
    chosen = pairwise(SOME)
    assert chosen[0] == SOME[0]
    assert chosen == pairwise(list(SOME))


def test_several_choices_at_once_are_one_choice() -> None:
    apis: list[list[str]] = [[], ["graphql"], ["graphql", "grpc"]]
    legal = [{"api": api, "database": database} for api in apis for database in "sp"]
    assert pairwise(legal) == legal


def test_only_allowed_combinations_are_taken() -> None:
    assert all(answers in SOME for answers in pairwise(SOME))

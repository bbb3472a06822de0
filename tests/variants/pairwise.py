"""Chooses few combinations of answers, such that every pair of choices that may go together does so in one of them."""

from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from typing import Any

type Pair = frozenset[tuple[str, Hashable]]


def pairs(answers: Mapping[str, Any]) -> set[Pair]:
    choices = [(name, tuple(value) if isinstance(value, list) else value) for name, value in answers.items()]
    return {frozenset(pair) for pair in combinations(choices, 2)} or {frozenset(choices)}


def pairwise[A: Mapping[str, Any]](legal: Sequence[A]) -> list[A]:
    """Takes the first combination, and then again and again the one that brings most new pairs; the first of equals.

    Args:
        legal: All combinations that are allowed.
    """
    covered = [pairs(answers) for answers in legal]
    missing = set().union(*covered)
    chosen: list[A] = []
    while missing:
        best = max(range(len(legal)), key=lambda number: len(covered[number] & missing)) if chosen else 0
        chosen.append(legal[best])
        missing -= covered[best]
    return chosen

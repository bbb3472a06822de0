"""Several instances on one database and one cache: what is changed through one of them is so on all."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests import servers
from tests.contract.client import Caller, new_user, problem

from .service import Instance, Load, project, readers, running, with_admin

ROUNDS = 40

type Pair = tuple[Instance, Instance]


@pytest.fixture(scope="module")
def pair(framework: str) -> Iterator[Pair]:
    with ExitStack() as stack:
        postgresql, cache = (stack.enter_context(servers.fresh(name)) for name in ("postgresql", "redis"))
        settings = {"DATABASE_URL": postgresql.url, "REDIS_URL": cache.url}
        made = with_admin(project(framework, "postgresql", "redis", **settings))
        yield stack.enter_context(running(made)), stack.enter_context(running(made))


def on(instance: Instance, caller: Caller) -> Caller:
    """The same person, who calls another instance."""
    assert caller.access_token is not None
    return instance.people.anyone.with_token(caller.access_token)


def test_a_change_is_seen_at_once_through_the_other(pair: Pair) -> None:
    one, other = pair
    person = one.people.create()
    with Load(one, readers(one, [person.path], 2)) as at_one, Load(other, readers(other, [person.path], 2)) as at_other:
        for number in range(ROUNDS):
            changed, read = (one, other) if number % 2 else (other, one)
            name = f"Ann the {number}"
            assert changed.people.admin.patch(person.path, json={"name": name}).status_code == 200
            assert read.people.admin.get(person.path).json()["name"] == name
            assert changed.people.admin.get(person.path).json()["name"] == name
        one.people.admin.delete(person.path)
        problem(other.people.admin.get(person.path), 404, "not-found")
    assert {answer.status for load in (at_one, at_other) for answer in load.answers} <= {200, 404}
    assert min(one.hits, other.hits) > ROUNDS  # They do answer from the cache.


@pytest.mark.parametrize("instances", [(0, 1), (1, 0)])
def test_tokens_of_a_demoted_or_deleted_user_stop_at_once(pair: Pair, instances: tuple[int, int]) -> None:
    one, other = (pair[number] for number in instances)
    boss, session = one.people.sign_up("admin")
    callers = [on(instance, session.caller) for instance in pair]
    assert {caller.get("/v1/users").status_code for caller in callers} == {200}

    one.people.admin.patch(boss.path, json={"role": "user"})
    for caller in reversed(callers):
        problem(caller.get("/v1/users"), 401, "invalid-token")
        problem(caller.get("/v1/users/me"), 401, "invalid-token")
    problem(other.people.try_to_refresh(session.refresh_token), 401, "invalid-token")

    session = other.people.sign_in(boss.email, boss.password)
    callers = [on(instance, session.caller) for instance in pair]
    assert {caller.get("/v1/users").status_code for caller in callers} == {403}
    assert {caller.get("/v1/users/me").status_code for caller in callers} == {200}
    one.people.admin.delete(boss.path)
    for caller in reversed(callers):
        problem(caller.get("/v1/users/me"), 401, "invalid-token")
    problem(other.people.try_to_refresh(session.refresh_token), 401, "invalid-token")
    problem(other.people.try_to_sign_in(boss.email, boss.password), 401, "wrong-credentials")


def test_a_refresh_token_is_good_once_on_all_of_them(pair: Pair) -> None:
    one, other = pair
    _, session = one.people.sign_up()
    newer = one.people.refresh(session.refresh_token)
    problem(other.people.try_to_refresh(session.refresh_token), 401, "invalid-token")
    problem(one.people.try_to_refresh(newer.refresh_token), 401, "invalid-token")


def test_an_address_is_taken_once_however_many_try_on_all_of_them(pair: Pair) -> None:
    body = new_user()
    admins = [instance.people.admin for instance in pair]
    answers = admins[0].at_once(30, lambda number: admins[number % 2].post("/v1/users", json=body))
    assert sorted(answer.status_code for answer in answers) == [201] + 29 * [409]

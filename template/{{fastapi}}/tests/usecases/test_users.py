import asyncio

import pytest

from service.domain.errors import EmailTaken, Forbidden, InvalidField, KeyReused, NotFound, Stale
from service.domain.users import NewUser, User, UserChanges
from service.platform.metrics import Metrics
from service.usecases import users
from service.wiring import Service
from tests.people import PASSWORD, Person

NEW = NewUser(email="New@Example.org", name="New", password=PASSWORD)
OTHER_PASSWORD = "another horse, another battery"


# Who may do what


async def test_only_admins_create_users(service: Service, ann: Person) -> None:
    with pytest.raises(Forbidden):
        await service.users.create(ann.user, NEW)


async def test_only_admins_list_users(service: Service, ann: Person) -> None:
    with pytest.raises(Forbidden):
        await service.users.page(ann.user, None, 10)


async def test_nobody_but_admins_touches_others(service: Service, ann: Person, bob: Person) -> None:
    for attempt in (
        service.users.get(ann.user, bob.user.id),
        service.users.update(ann.user, bob.user.id, {"name": "Robert"}),
        service.users.delete(ann.user, bob.user.id),
        service.users.get(ann.user, "nobody"),  # Not even to learn that there is none.
    ):
        with pytest.raises(Forbidden):
            await attempt


async def test_admins_and_users_themselves_read_a_user(service: Service, admin: Person, ann: Person) -> None:
    assert await service.users.get(ann.user, ann.user.id) == ann.user
    assert await service.users.get(admin.user, ann.user.id) == ann.user


async def test_only_admins_change_roles(service: Service, admin: Person, ann: Person) -> None:
    with pytest.raises(Forbidden):
        await service.users.update(ann.user, ann.user.id, {"role": "admin"})

    assert (await service.users.update(admin.user, ann.user.id, {"role": "admin"})).is_admin


# Creating


async def test_a_new_user_is_stored(service: Service, admin: Person) -> None:
    created = await service.users.create(admin.user, NEW)

    assert created == await service.users.get(admin.user, created.id)
    assert (created.email, created.name, created.role) == ("new@example.org", "New", "user")
    assert (created.version, created.generation) == (1, 1)
    assert created.created_at.microsecond % 1000 == 0
    await service.sessions.sign_in("new@example.org", PASSWORD)


async def test_an_address_belongs_to_one_user_in_whatever_case(service: Service, admin: Person) -> None:
    await service.users.create(admin.user, NEW)

    with pytest.raises(EmailTaken):
        await service.users.create(admin.user, NewUser(email="nEW@example.ORG", name="Other", password=PASSWORD))


async def test_a_repeated_creation_answers_the_same_user(service: Service, admin: Person) -> None:
    created = await service.users.create(admin.user, NEW, "key")

    assert await service.users.create(admin.user, NEW, "key") == created


async def test_a_creation_that_is_sent_many_times_at_once_happens_once(service: Service, admin: Person) -> None:
    created = await asyncio.gather(*(service.users.create(admin.user, NEW, "key") for _ in range(10)))

    assert len({user.id for user in created}) == 1


async def test_a_key_stands_for_one_content(service: Service, admin: Person) -> None:
    await service.users.create(admin.user, NEW, "key")

    for other in (
        NewUser(email="other@example.org", name="New", password=PASSWORD),
        NewUser(email=NEW.email, name="New", password=OTHER_PASSWORD),
        NewUser(email=NEW.email, name="New", password=PASSWORD, role="admin"),
    ):
        with pytest.raises(KeyReused):
            await service.users.create(admin.user, other, "key")


async def test_two_callers_may_use_the_same_key(service: Service, admin: Person) -> None:
    other_admin = await service.users.add(
        NewUser(email="admin2@example.org", name="Two", password=PASSWORD, role="admin")
    )
    await service.users.create(admin.user, NEW, "key")

    other = NewUser(email="other@example.org", name="Other", password=PASSWORD)
    assert (await service.users.create(other_admin, other, "key")).email == other.email


async def test_a_key_does_not_bring_back_who_was_deleted(service: Service, admin: Person) -> None:
    created = await service.users.create(admin.user, NEW, "key")
    await service.users.delete(admin.user, created.id)

    assert (await service.users.create(admin.user, NEW, "key")).id != created.id


async def test_another_user_with_the_address_is_no_repetition(service: Service, admin: Person) -> None:
    await service.users.create(admin.user, NEW)

    with pytest.raises(EmailTaken):
        await service.users.create(admin.user, NEW, "key")


# Changing


async def test_a_change_raises_the_version_and_leaves_the_rest(service: Service, ann: Person) -> None:
    changed = await service.users.update(ann.user, ann.user.id, {"name": "Ann E.", "email": "ANN.E@example.org"})

    assert (changed.name, changed.email) == ("Ann E.", "ann.e@example.org")
    assert (changed.version, changed.generation) == (ann.user.version + 1, ann.user.generation)
    assert (changed.id, changed.role, changed.created_at) == (ann.user.id, ann.user.role, ann.user.created_at)


@pytest.mark.parametrize("changes", [{}, {"name": "ann"}, {"email": "ANN@example.org"}, {"current_password": "x"}])
async def test_what_changes_nothing_is_no_new_version(service: Service, ann: Person, changes: UserChanges) -> None:
    assert await service.users.update(ann.user, ann.user.id, changes) == ann.user


async def test_nobody_takes_the_address_of_another(service: Service, ann: Person, bob: Person) -> None:
    with pytest.raises(EmailTaken):
        await service.users.update(ann.user, ann.user.id, {"email": bob.user.email.upper()})


async def test_a_change_is_seen_at_once_in_spite_of_the_cache(service: Service, admin: Person, ann: Person) -> None:
    await service.users.get(admin.user, ann.user.id)
    await service.users.update(admin.user, ann.user.id, {"name": "Ann E."})
    assert (await service.users.get(admin.user, ann.user.id)).name == "Ann E."

    await service.users.delete(admin.user, ann.user.id)
    with pytest.raises(NotFound):
        await service.users.get(admin.user, ann.user.id)


async def test_who_is_read_again_comes_from_the_cache(
    service: Service, admin: Person, ann: Person, metrics: Metrics
) -> None:
    for _ in range(3):
        await service.users.get(admin.user, ann.user.id)

    function = "service.usecases.users.Users._find_in_database"
    count = metrics.registry.get_sample_value
    assert count("cache_requests_total", {"function": function, "result": "miss"}) == 1
    assert count("cache_requests_total", {"function": function, "result": "hit"}) == 2


async def test_a_new_password_replaces_the_old_one(service: Service, ann: Person) -> None:
    changed = await service.users.update(
        ann.user, ann.user.id, {"password": OTHER_PASSWORD, "current_password": PASSWORD}
    )

    assert changed.generation == ann.user.generation + 1
    await service.sessions.sign_in(ann.user.email, OTHER_PASSWORD)
    with pytest.raises(Exception, match="wrong"):
        await service.sessions.sign_in(ann.user.email, PASSWORD)


@pytest.mark.parametrize("current", [{}, {"current_password": OTHER_PASSWORD}])
async def test_ones_own_password_is_changed_by_who_knows_it(
    service: Service, ann: Person, admin: Person, current: UserChanges
) -> None:
    for person in (ann, admin):
        with pytest.raises(InvalidField) as caught:
            await service.users.update(person.user, person.user.id, {"password": OTHER_PASSWORD, **current})
        assert caught.value.field == "current_password"
        await service.sessions.sign_in(person.user.email, PASSWORD)


async def test_admins_set_the_password_of_others(service: Service, admin: Person, ann: Person) -> None:
    await service.users.update(admin.user, ann.user.id, {"password": OTHER_PASSWORD})

    await service.sessions.sign_in(ann.user.email, OTHER_PASSWORD)


async def test_who_is_gone_cannot_be_changed(service: Service, admin: Person, ann: Person) -> None:
    await service.users.delete(admin.user, ann.user.id)

    for attempt in (
        service.users.update(admin.user, ann.user.id, {"name": "Ann E."}),
        service.users.update(ann.user, ann.user.id, {"password": OTHER_PASSWORD, "current_password": PASSWORD}),
        service.users.delete(admin.user, ann.user.id),
        service.users.delete(admin.user, "no id at all"),
    ):
        with pytest.raises(NotFound):
            await attempt


# Versions


async def test_a_condition_names_the_versions_that_may_be_changed(service: Service, ann: Person) -> None:
    changed = await service.users.update(ann.user, ann.user.id, {"name": "Ann 2"}, {1, 7})

    for condition in ({1}, {1, 3}, set[int]()):
        with pytest.raises(Stale):
            await service.users.update(ann.user, ann.user.id, {"name": "Ann 3"}, condition)
        with pytest.raises(Stale):
            await service.users.delete(ann.user, ann.user.id, condition)
    assert changed == await service.users.update(ann.user, ann.user.id, {})
    await service.users.delete(ann.user, ann.user.id, {2})


async def test_of_changes_under_the_same_condition_one_happens(service: Service, ann: Person) -> None:
    async def change(number: int) -> User:
        return await service.users.update(ann.user, ann.user.id, {"name": f"Ann {number}"}, {1})

    results = await asyncio.gather(*map(change, range(5)), return_exceptions=True)

    assert [type(each) for each in results if isinstance(each, Exception)] == [Stale] * 4


async def test_changes_without_a_condition_all_happen(service: Service, ann: Person) -> None:
    async def change(number: int) -> User:
        return await service.users.update(ann.user, ann.user.id, {"name": f"Ann {number}"})

    changed = await asyncio.gather(*map(change, range(5)))

    assert sorted(user.version for user in changed) == [2, 3, 4, 5, 6]


async def test_a_change_gives_up_when_others_are_faster_each_time(
    service: Service, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "ATTEMPTS", 0)

    with pytest.raises(Stale):
        await service.users.update(ann.user, ann.user.id, {"name": "Ann E."})
    with pytest.raises(Stale):
        await service.users.delete(ann.user, ann.user.id)

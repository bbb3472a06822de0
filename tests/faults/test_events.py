"""What may go wrong between a change and the effect of its event, on real databases and brokers.

Afterwards, the activity log says just what was written, and nothing twice. An ordinary run tries the cases that tell
most, with fewer events; `--all` tries all of them for every pair of database and broker, with 1,000 events each.
"""

import time
from collections.abc import Callable

import psycopg
import pytest

from tests.contract.events import Message
from tests.faults.conftest import Scale
from tests.faults.ledger import OF_A_PERSON
from tests.faults.system import Instance, System
from tests.servers import Server

BROKERS = ("rabbitmq", "kafka", "redis")
GARBAGE = Message("user.created", "", b"garbage")
INVALID = Message(
    "user.created",
    "",
    b'{"specversion":"1.0","id":"1","source":"/billing","type":"user.created","time":"2026-05-04T09:30:00Z","data":{}}',
)

type Tell = Callable[[str], None]


def figures(system: System, tell: Tell, started: float) -> None:
    """How long it took from the end of the fault until all was in the log, and what came more than once."""
    results = system.results()
    tell(f"{system.ledger.expected.total()} events")
    tell(f"{time.monotonic() - started:.1f} s")
    tell(f"{results['duplicate']} delivered again")
    if results["parked"]:
        tell(f"{results['parked']} parked")


@pytest.mark.fault(often=("postgresql", "mongodb"), brokers=BROKERS)
def test_killed_between_commit_and_publish(system: System, scale: Scale, tell: Tell) -> None:
    [doomed] = system.start()
    system.settle()
    system.harmed.pause()
    writer = system.writer(doomed)
    writer.write(scale.events)
    assert system.activity().total() == 2, "something was published"
    system.kill(doomed)
    # Or what had been sent, and never confirmed, might arrive after all.
    system.harmed.kill()
    system.harmed.start()

    started = time.monotonic()
    system.start()
    system.settle()

    figures(system, tell, started)
    system.stays_settled()


@pytest.mark.fault(often=())
def test_killed_under_a_load_of_writes(system: System, scale: Scale, tell: Tell) -> None:
    [doomed] = system.start()
    writer = system.writer(doomed, may_break=True)
    with writer.writing(scale.events * 10):
        system.wait_until(lambda: writer.written > scale.events, "the load")
        system.kill(doomed)

    started = time.monotonic()
    system.start()
    with system.http() as http:
        writer.resolve(http)
    system.settle()

    figures(system, tell, started)
    system.stays_settled()


@pytest.mark.fault(often=("postgresql",), brokers=BROKERS)
def test_the_broker_is_down_under_a_load_of_writes(system: System, scale: Scale, tell: Tell) -> None:
    instance = harmed_under_load(system, scale, tell, Server.kill, Server.start)
    instance.stop()
    system.instances.remove(instance)


@pytest.mark.fault(often=(), brokers=BROKERS)
def test_the_broker_hangs_under_a_load_of_writes(system: System, scale: Scale, tell: Tell) -> None:
    """It is there, and nobody answers."""
    harmed_under_load(system, scale, tell, Server.pause, Server.resume)


def harmed_under_load(
    system: System, scale: Scale, tell: Tell, harm: Callable[[Server], None], mend: Callable[[Server], None]
) -> Instance:
    """Does something to the broker for a time, while writes go on; gives the instance that went through it."""
    [instance] = system.start()
    writer = system.writer(instance)
    with writer.writing(scale.events, scale.seconds_down + 1):
        system.wait_until(lambda: writer.written > scale.events / 20, "the load")
        harm(system.harmed)
        time.sleep(scale.seconds_down)
        mend(system.harmed)
        started = time.monotonic()
    system.settle()

    figures(system, tell, started)
    system.stays_settled()
    return instance


@pytest.mark.fault(often=(), brokers=BROKERS)
def test_the_broker_restarts_in_mid_consumption(system: System, scale: Scale, tell: Tell) -> None:
    system.start()
    system.settle()
    with system.holding() as until_handling:
        with system.wire() as wire:
            wire.publish(*system.ledger.foreign(scale.events))
        until_handling()
        assert system.results().total() < scale.events, "there is nothing left to handle"
        system.harmed.restart()

    started = time.monotonic()
    system.settle()

    figures(system, tell, started)
    system.stays_settled()


@pytest.mark.fault(often=("postgresql",), brokers=BROKERS)
def test_poison_among_much_that_is_good(system: System, scale: Scale, tell: Tell) -> None:
    system.start()
    good = system.ledger.foreign(scale.events)
    middle = scale.events // 2
    started = time.monotonic()
    with system.wire() as wire:
        wire.publish(*good[:middle], GARBAGE, INVALID, *good[middle:], *good[:10])
    system.settle()
    system.wait_until(lambda: system.results()["parked"] == 2, "two are parked")
    system.wait_until(lambda: system.results()["duplicate"] >= 10, "all have come")

    figures(system, tell, started)
    assert "2 parked" in system.project.make("events")
    assert "2 replayed" in system.project.make("events", "DO=replay --all")
    assert "2 parked" in system.project.make("events"), "what is hopeless is parked again"
    system.stays_settled()


@pytest.mark.settings(EVENT_ATTEMPTS="2")
@pytest.mark.fault(often=(), databases=("postgresql",))
def test_a_handler_that_fails_until_it_is_mended(system: System, scale: Scale, tell: Tell) -> None:
    [instance] = system.start()
    system.settle()
    url = system.project.settings["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("ALTER TABLE activity RENAME TO hidden")
        writer = system.writer(instance)
        writer.write(scale.events)
        system.wait_until(lambda: system.results()["parked"] == writer.written, "all are parked")
        database.execute("ALTER TABLE hidden RENAME TO activity")
    assert system.activity().total() == 2

    started = time.monotonic()
    assert f"{writer.written} replayed" in system.project.make("events", "DO=replay --all")
    system.settle()

    figures(system, tell, started)
    assert "Nothing is parked" in system.project.make("events")
    system.stays_settled()


@pytest.mark.settings(EVENT_ATTEMPTS="100")
@pytest.mark.fault(often=(), databases=("postgresql",))
def test_a_handler_that_fails_for_a_moment(system: System, scale: Scale, tell: Tell) -> None:
    [instance] = system.start()
    system.settle()
    url = system.project.settings["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("ALTER TABLE activity RENAME TO hidden")
        system.writer(instance).write(scale.events)
        time.sleep(1)
        database.execute("ALTER TABLE hidden RENAME TO activity")

    started = time.monotonic()
    system.settle()

    figures(system, tell, started)
    assert system.results()["parked"] == 0
    system.stays_settled()


@pytest.mark.fault(often=("postgresql",), brokers=BROKERS)
def test_a_consumer_is_killed_while_handling(system: System, scale: Scale, tell: Tell) -> None:
    doomed, _ = system.start(2)
    system.settle()
    with system.holding() as until_handling:
        with system.wire() as wire:
            wire.publish(*system.ledger.foreign(scale.events))
        until_handling()
        assert system.results().total() < scale.events, "there is nothing left to handle"
        system.kill(doomed)

    started = time.monotonic()
    system.settle()

    figures(system, tell, started)
    system.stays_settled()


@pytest.mark.fault(often=(), brokers=BROKERS)
def test_two_instances_share_the_work(system: System, scale: Scale, tell: Tell) -> None:
    """In the normal case, nothing is published or handled twice."""
    instances = system.start(2)
    with system.wire() as wire:
        # While the second one joins, the first may have to leave it something that it has begun.
        while not all(instance.consumed()["handled"] for instance in instances):
            wire.publish(*system.ledger.foreign(100))
            system.settle()
        before = [instance.consumed() for instance in instances]
        started = time.monotonic()
        writers = [system.writer(instance) for instance in instances]
        with writers[0].writing(scale.events // 2), writers[1].writing(scale.events // 2):
            pass
        wire.publish(*system.ledger.foreign(scale.events))
        system.settle()

    figures(system, tell, started)
    shares = [instance.consumed() - earlier for instance, earlier in zip(instances, before, strict=True)]
    tell(f"shared {shares[0]['handled']} to {shares[1]['handled']}")
    assert all(share["handled"] > 0 for share in shares)
    assert [share["duplicate"] for share in shares] == [0, 0]
    assert sum(share["handled"] for share in shares) == 2 * scale.events


@pytest.mark.fault(often=())
def test_the_log_is_rebuilt_while_writes_go_on(system: System, scale: Scale, tell: Tell) -> None:
    [instance] = system.start()
    system.writer(instance).write(scale.events // 2)
    system.settle()
    if system.database == "postgresql":
        with psycopg.connect(system.project.settings["DATABASE_URL"]) as database:
            database.execute("DELETE FROM activity WHERE type = 'user.updated'")
            database.execute("UPDATE activity SET by = 'mallory' WHERE type = 'user.deleted'")
            database.execute(
                "INSERT INTO activity VALUES ('forged', 'forged', 'user.deleted', 'ann', 'mallory', now())"
            )

    started = time.monotonic()
    writer = system.writer(instance)
    with writer.writing(scale.events // 2, 3) as writing:
        rebuilt = 0
        while not writing.done() or not rebuilt:
            assert "was made anew" in system.project.make("rebuild")
            rebuilt += 1
    system.settle()

    figures(system, tell, started)
    tell(f"rebuilt {rebuilt} times")
    assert writer.written == scale.events // 2 // OF_A_PERSON * OF_A_PERSON
    system.stays_settled()

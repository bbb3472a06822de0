import asyncio

import pytest

from service.platform import trace_context

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_it_is_there_for_a_block() -> None:
    assert trace_context.current() is None
    with trace_context.bound(TRACE):
        assert trace_context.current() == TRACE
        with trace_context.bound(None):
            assert trace_context.current() is None
        assert trace_context.current() == TRACE
    assert trace_context.current() is None


@pytest.mark.parametrize("given", ["", "nonsense", TRACE.upper(), TRACE[:-1], f"{TRACE}-more", f"{TRACE}\n"])
def test_what_is_not_well_formed_is_ignored(given: str) -> None:
    with trace_context.bound(given):
        assert trace_context.current() is None


async def test_each_task_has_its_own() -> None:
    async def look(given: str | None) -> str | None:
        with trace_context.bound(given):
            await asyncio.sleep(0.01)
            return trace_context.current()

    one, other = await asyncio.gather(look(TRACE), look(None))
    assert (one, other) == (TRACE, None)

"""Carries events through a broker with nothing around it: `python events.py rabbitmq URL COUNT`; prints seconds."""

import asyncio
import importlib
import sys
import time
import uuid

BATCH = 500  # As the relay's.
BYTES = 500  # As an event of the service's.


def main() -> None:
    broker, url, count = sys.argv[1:]
    bodies = [str(uuid.uuid4()).ljust(BYTES, ".").encode() for _ in range(int(count))]
    batches = [bodies[start : start + BATCH] for start in range(0, len(bodies), BATCH)]
    carry = importlib.import_module(f"broker.{broker}").carry
    started = time.perf_counter()
    asyncio.run(carry(url, batches))
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main()

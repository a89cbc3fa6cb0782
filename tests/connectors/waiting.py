"""Waiting for what other tasks and processes bring about."""

import asyncio


async def until(condition, limit=30.0):
    """Return whether `condition()` came true within `limit` (s)."""
    for _ in range(round(limit / 0.02)):
        if condition():
            return True
        await asyncio.sleep(0.02)
    return False

"""One connection, made when it is first needed and thrown away after a failure."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from .errors import LinkError

FIRST_BACKOFF, BACKOFF = 0.2, 2.0  # wall s between two attempts to connect


class Closable(Protocol):
    """What can be closed."""

    async def close(self) -> None:
        """Close it."""
        ...


Session = TypeVar("Session", bound=Closable)


class Link(Generic[Session]):
    """One connection, made when needed; after a failure no attempt before the back-off is over."""

    def __init__(self, opener: Callable[[], Awaitable[Session]]) -> None:
        self._opener = opener
        self._lock = asyncio.Lock()
        self._session: Session | None = None
        self._delay = FIRST_BACKOFF
        self._again = 0.0
        self._error = ""

    async def get(self) -> Session:
        """Return the connection; raises LinkError when there is none."""
        async with self._lock:
            if self._session is not None:
                return self._session
            now = time.monotonic()
            if now < self._again:
                raise LinkError(self._error)
            try:
                self._session = await self._opener()
            except LinkError as error:
                self._error = str(error)
                self._again = time.monotonic() + self._delay
                self._delay = min(2 * self._delay, BACKOFF)
                raise
            self._delay = FIRST_BACKOFF
            return self._session

    async def drop(self) -> None:
        """Throw the connection away."""
        async with self._lock:
            session, self._session = self._session, None
            if session is not None:
                await session.close()

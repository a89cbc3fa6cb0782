"""The gate's own beat: work that is looked at again and again, whatever became of the last look."""

import threading
from collections.abc import Callable, Sequence

PERIOD = 0.2  # wall s between two looks


class Pulse:
    """A thread that does each work every 0.2 s (wall).

    Args:
        works: what to do; one that fails keeps no other waiting.
        trouble: is told of a failure; of a lasting one once.
    """

    def __init__(self, works: Sequence[Callable[[], None]], trouble: Callable[[str], None]) -> None:
        self._works, self._tell, self._told = works, trouble, ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gate-pulse", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the look that is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def is_alive(self) -> bool:
        """Whether it beats."""
        return self._thread.is_alive()

    @property
    def died(self) -> bool:
        """Whether it was started and beats no more."""
        return self._thread.ident is not None and not self.is_alive()

    def _run(self) -> None:
        while not self._stop.wait(PERIOD):
            for work in self._works:
                try:
                    work()
                except Exception as error:  # noqa: BLE001 - whatever breaks one look (a full disk,
                    # a cut wire), the next must come: without the pulse no lease would ever end.
                    text = f"{type(error).__name__}: {error}"
                    if text != self._told:
                        self._told = text
                        self._tell(text)

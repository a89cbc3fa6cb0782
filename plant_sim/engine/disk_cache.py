"""Machine code on disk: Numba's own cache, that does not trust a damaged file.

Numba writes its files in one go, into a folder of the user's own. What a full or failing disk has
cut short or altered is found by a hash and compiled anew; Numba itself would raise, or run it.
"""

import hashlib
import pickle
from contextlib import suppress
from typing import Any

from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.serialize import dumps

from .collection import no_collection


class _Hashed(CompileResultCacheImpl):
    def reduce(self, compiled: Any) -> tuple[bytes, bytes]:
        text = dumps(super().reduce(compiled))
        return hashlib.sha256(text).digest(), text

    def rebuild(self, context: Any, kept: tuple[bytes, bytes]) -> Any:
        digest, text = kept
        if hashlib.sha256(text).digest() != digest:
            raise ValueError("a file of the cache is damaged")
        return super().rebuild(context, pickle.loads(text))  # noqa: S301  Numba's own folder


class DiskCache(FunctionCache):
    """The machine code of one driver on disk."""

    _impl_class = _Hashed

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Return what was compiled for a signature; None if nothing is kept, or it is damaged."""
        try:
            with no_collection():
                return super().load_overload(signature, context)
        except Exception:  # noqa: BLE001  a damaged file can raise anything
            with suppress(OSError):  # a folder that cannot be written
                self.flush()
            return None

"""How Numba is told to compile a kernel: what it would do for nothing is left out.

Numba makes machine code of every function, also of those that are only ever copied into a driver,
and at every `a + b` it asks again which of some twenty additions that is. Together with the garbage
collector that was a quarter of the time a plant takes to compile. `InlineCompiler` stops when the
optimised code that drivers copy is there. `DriverCompiler` compiles a function from sources that
are executed only when the disk cache has no machine code for it.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from numba import _dynfunc  # type: ignore[attr-defined]
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, Flags, _LowerResult
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering
from numba.core.types import Function

from .collection import no_collection

WHOLE = "passline_whole"  # attribute of a driver: returns the function to compile in its place


class _Copied(JITCodeLibrary):
    """Optimised code that is linked into others, but is never made runnable itself."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        raise NotImplementedError(f"{name} was compiled to be copied into drivers only")


@register_pass(mutates_CFG=True, analysis_only=False)
class _LowerToCopy(NativeLowering):
    """Numba's own lowering without its last step, machine code and a way to call it."""

    _name = "lower_to_copy"

    def run_pass(self, state: Any) -> bool:
        state.library = _Copied(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        state.library._ensure_finalized()
        done = state["cr"]
        # callers find a function by this object; nothing ever calls it
        entry = _dynfunc.make_function(
            done.fndesc.lookup_module(), state.func_id.func_name, "", 0, done.env,
            (state.library,),
        )  # fmt: skip
        state.targetctx.insert_user_function(entry, done.fndesc, [state.library])
        state["cr"] = _LowerResult(done.fndesc, done.call_helper, cfunc=entry, env=done.env)
        return True


class _Remembering:
    """Numba's typing context, that remembers what an operation of its own gives for which types."""

    def __init__(self, context: Any, known: dict[Any, Any]) -> None:
        self._context, self._known = context, known

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def resolve_function_type(self, function: Any, args: Any, kws: Any) -> Any:
        """Return the signature with which a function is called, as the context would."""
        if kws or not isinstance(function, Function):  # a function of ours
            return self._context.resolve_function_type(function, args, kws)
        key = function, tuple(args)
        if key not in self._known:
            found = self._context.resolve_function_type(function, args, kws)
            if found is None:
                return None
            self._known[key] = found
        return self._known[key]


class _FixedFlags(Flags):
    """Flags that no longer change. Numba looks things up by them some hundred thousand times."""

    def __init__(self, flags: Flags) -> None:
        super().__init__(flags)
        vars(self)["all"] = super().values()
        vars(self)["hash"] = super().__hash__()

    def values(self) -> Any:
        return vars(self)["all"]

    def __hash__(self) -> int:
        return int(vars(self)["hash"])

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Flags) and self.values() == other.values())


class _Flags(Flags):
    def copy(self) -> Flags:
        """Return the copy that Numba keeps while it compiles: equal ones are the same object."""
        fixed = _FixedFlags(self)
        return _FIXED.setdefault(fixed, fixed)


_FIXED: dict[Flags, Flags] = {}


class _Faster(Compiler):
    """All compiled with one class has the same flags, on which signatures depend."""

    known: ClassVar[dict[Any, Any]]

    def __init__(self, typingctx: Any, *rest: Any) -> None:
        super().__init__(typingctx, *rest)
        self.state.typingctx = _Remembering(typingctx, self.known)
        self.state.flags = _Flags(self.state.flags)


class InlineCompiler(_Faster):
    """Compiles a function that is copied into its callers and has no way in from Python."""

    known: ClassVar[dict[Any, Any]] = {}

    def define_pipelines(self) -> list[Any]:
        """Return Numba's steps, the last of them cut short."""
        pipelines: list[Any] = super().define_pipelines()
        for pipeline in pipelines:
            pipeline.passes = [
                (_LowerToCopy if step is NativeLowering else step, text)
                for step, text in pipeline.passes
            ]
            pipeline._finalized = False
            pipeline.finalize()
        return pipelines


class DriverCompiler(_Faster):
    """Compiles a driver; asked only when the disk cache does not hold its machine code."""

    known: ClassVar[dict[Any, Any]] = {}

    def compile_extra(self, func: Callable[..., Any]) -> Any:
        """Compile the function that stands behind a driver."""
        with no_collection():
            return super().compile_extra(getattr(func, WHOLE)())

"""Run a case, and report a broken promise."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import wraps
from typing import TYPE_CHECKING, NoReturn, TypeGuard, TypeVar, cast
from unittest import SkipTest

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from paysdk.testing.contract.harness import ContractCases
    from paysdk.testing.contract.targets.cases import TargetCases

__all__ = [
    "Promise",
    "case",
    "check",
    "check_equal",
    "fail",
    "find_promise",
    "target_case",
    "wire_case",
]

T = TypeVar("T", bound="ContractCases | TargetCases")
C = TypeVar("C", bound="ContractCases")
B = TypeVar("B", bound="TargetCases")

# Seconds for one case. A case that hangs breaks its promise too.
_CASE_TIMEOUT_SECONDS = 20.0
_MAX_SHOWN_CHARS = 500


@attrs.frozen
class Promise:
    """The promise that a case checks.

    ``case`` is its name, and its heading in the documents. ``text`` is the promise in words.
    ``contract`` is the class that has the case, and ``page`` its document.
    """

    case: str
    text: str
    needs_sandbox: bool = False
    contract: str = "ProviderContract"
    page: str = "docs/contract.md"

    @classmethod
    def of(cls, work: Callable[..., object], **fields: Any) -> Promise:  # noqa: ANN401  # its own
        """Read the promise from the name and the docstring of a case."""
        return cls(work.__name__, " ".join((work.__doc__ or "").split()), **fields)

    @property
    def anchor(self) -> str:
        """Where the promise is in the source of paysdk. A wheel has no documents."""
        return f"{self.page}#{self.case.removeprefix('test_').replace('_', '-')}"


def case(work: Callable[[C], Coroutine[Any, Any, None]]) -> Callable[[C], None]:
    """Make a case that every provider must pass. Its docstring is the promise.

    The case is a plain function that starts its own event loop. So it runs with any plugin for
    asyncio, or without one.
    """
    return _case(work, Promise.of(work))


def wire_case(work: Callable[[C], Coroutine[Any, Any, None]]) -> Callable[[C], None]:
    """Make a case about the requests and responses of a provider.

    It is skipped for a provider without a sandbox.
    """
    promise = Promise.of(work, needs_sandbox=True)
    run = _case(work, promise)

    @wraps(run)
    def run_in_sandbox(cases: C) -> None:
        __tracebackhide__ = True
        if cases.subject(0).sandbox is None:
            raise SkipTest(
                f"the subject of {type(cases).__name__} has sandbox=None, so this promise cannot "
                f"be checked: {promise.text}"
            )
        run(cases)

    return run_in_sandbox


def target_case(work: Callable[[B], Coroutine[Any, Any, None]]) -> Callable[[B], None]:
    """Make a case that every target must pass, as ``case`` does for providers."""
    return _case(work, Promise.of(work, contract="TargetContract", page="docs/target-contract.md"))


def find_promise(case: object) -> Promise | None:
    """Return the promise that a case checks, or ``None`` if it is not a case."""
    promise: object = getattr(case, "promise", None)
    return promise if isinstance(promise, Promise) else None


def fail(found: str) -> NoReturn:
    """Report that the promise is broken, with what was *found*."""
    __tracebackhide__ = True
    raise AssertionError(found)


def check(holds: object, found: str) -> None:
    """Report what was *found*, unless the promise *holds*."""
    __tracebackhide__ = True
    if not holds:
        fail(found)


def check_equal(expected: object, actual: object, what: str) -> None:
    """Report that the promise is broken unless *actual* equals *expected*."""
    __tracebackhide__ = True
    if expected != actual:
        differs = _describe_difference(expected, actual)
        fail(f"{what}: {differs}expected {_show(expected)}, but was {_show(actual)}")


def _case(work: Callable[[T], Coroutine[Any, Any, None]], promise: Promise) -> Callable[[T], None]:
    def run(cases: T) -> None:
        __tracebackhide__ = True
        try:
            with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
                runner.run(_run_in_time(work(cases)))
        except SkipTest:
            raise
        except AssertionError as broken:
            raise AssertionError(_message(promise, str(broken))) from None
        except Exception as error:
            raise AssertionError(
                _message(promise, f"{type(error).__name__} was raised: {error}")
            ) from error

    run.__name__, run.__qualname__, run.__doc__, run.__module__ = (
        work.__name__,
        work.__qualname__,
        work.__doc__,
        work.__module__,
    )
    run.promise = promise  # type: ignore[attr-defined]  # read by find_promise
    return run


async def _run_in_time(work: Coroutine[Any, Any, None]) -> None:
    limit = asyncio.timeout(_CASE_TIMEOUT_SECONDS)
    try:
        async with limit:
            await work
    except TimeoutError:
        check(not limit.expired(), f"it did not end within {_CASE_TIMEOUT_SECONDS:g} s")
        raise


def _describe_difference(expected: object, actual: object) -> str:
    """Return what two lists of texts differ in, or an empty text for other values."""
    if not (_is_texts(expected) and _is_texts(actual)):
        return ""
    missing, more = Counter(expected), Counter(actual)
    lacking, surplus = list((missing - more).elements()), list((more - missing).elements())
    if not (lacking or surplus):
        return "the order differs: "
    parts = [
        *([f"{_show(lacking)} did not come"] if lacking else []),
        *([f"{_show(surplus)} came too"] if surplus else []),
    ]
    return f"{', and '.join(parts)}: "


def _is_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(
        isinstance(item, str) for item in cast("list[object]", value)
    )


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN_CHARS else f"{text[:_MAX_SHOWN_CHARS]}…"


def _message(promise: Promise, found: str) -> str:
    place = (
        f"It is {promise.case} of {promise.contract}, written in the source of paysdk in "
        f"{promise.anchor}"
    )
    return (
        f"A promise is broken. It says: {promise.text}\nFound: {found.removesuffix('.')}.\n{place}"
    )

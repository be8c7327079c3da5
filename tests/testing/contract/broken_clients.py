"""Clients of Notify's sandbox that each break one promise, and the cases that must report it."""

from __future__ import annotations

import json
import logging
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Self

import attrs
import msgspec

from paysdk import (
    ConfigurationError,
    NotifyProvider,
    PaginationError,
    Payment,
    RetryPolicy,
)
from paysdk.pagination import HalFrom, Position
from paysdk.providers.notify.normalise import make_reader
from paysdk.records.page import RawPage
from tests.testing.contract.breaking import registering

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paysdk.listing.listing import PagedListing

BROKEN: dict[type[NotifyProvider], frozenset[str]] = {}
breaks = registering(BROKEN)


class KeepsSettings(NotifyProvider):
    """It keeps its key and its settings."""

    def __init__(self, api_key: Any, **settings: Any) -> None:  # noqa: ANN401  # any value
        self.key = api_key
        self.settings = settings
        super().__init__(api_key, **self.change_settings(settings))

    def change_settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings in use."""
        return settings


# Keys.


@breaks("keeps_the_key_out_of_reprs")
class LeaksInRepr(KeepsSettings):
    """The key is in its repr, and so in the locals of each traceback."""

    def __repr__(self) -> str:
        return f"LeaksInRepr({self.key!r})"


@breaks("keeps_the_key_out_of_logs_and_events")
class LeaksInLogs(KeepsSettings):
    """The key is logged."""

    def _listing(
        self,
        *arguments: Any,  # noqa: ANN401  # any value
        **named: Any,  # noqa: ANN401  # any value
    ) -> PagedListing[Any]:
        logging.getLogger("client").debug("listing with %s", self.key)
        return super()._listing(*arguments, **named)


@breaks("ignores_errors_of_the_callback", "keeps_the_key_out_of_logs_and_events")
class LeaksInEvents(KeepsSettings):
    """The key is in the events."""

    def change_settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        on_event = settings.get("on_event")
        told = None if on_event is None else lambda event: on_event((event, self.key))
        return {**settings, "on_event": told}


@attrs.frozen
class Keyed(HalFrom):
    """It sends the key in the query."""

    key: str = attrs.field(default="", kw_only=True)

    def _position(
        self, start: str | None, limit: int | None, given: Sequence[str | int]
    ) -> Position:
        position = super()._position(start, limit, given)
        return attrs.evolve(position, query=f"{position.query}&key={self.key}".lstrip("&"))


@breaks(
    "keeps_the_key_from_other_hosts",  # for no walk goes on to a page whose URL has the key
    "keeps_the_key_out_of_errors",
    "keeps_the_key_out_of_logs_and_events",
    "keeps_the_key_out_of_reprs",
    "keeps_the_key_out_of_urls",
    "sends_the_key",
)
class LeaksInUrls(KeepsSettings):
    """The key is in the query."""

    def _listing(
        self,
        path: str,
        pagination: Any,  # noqa: ANN401  # any value
        *arguments: Any,  # noqa: ANN401  # any value
        **named: Any,  # noqa: ANN401  # any value
    ) -> PagedListing[Any]:
        keyed = Keyed(
            pagination.limit, pagination.largest, key=self.key if isinstance(self.key, str) else ""
        )
        return super()._listing(path, keyed, *arguments, **named)


@breaks("sends_no_other_key", "sends_the_key")
class TakesNoCallable(KeepsSettings):
    """It accepts only strings as keys."""

    def change_settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        if callable(self.key):
            raise ConfigurationError("the key must be a text")
        return settings


@breaks("sends_no_other_key")
class SharesItsKey(NotifyProvider):
    """All objects for one origin send the key of the first object."""

    known: ClassVar[dict[str, Any]] = {}

    def __init__(
        self,
        api_key: Any,  # noqa: ANN401  # any value
        *,
        base_url: str,
        **settings: Any,  # noqa: ANN401  # any value
    ) -> None:
        super().__init__(self.known.setdefault(base_url, api_key), base_url=base_url, **settings)


@breaks("sends_no_other_key")
class AsksForItsKeyOnce(NotifyProvider):
    """It calls a key's callable once, and keeps the key."""

    def __init__(self, api_key: Any, **settings: Any) -> None:  # noqa: ANN401  # any value
        given: list[str] = []

        async def ask() -> str:
            given.extend([] if given else [await api_key()])
            return given[0]

        super().__init__(ask if callable(api_key) else api_key, **settings)


@breaks("sends_the_key_over_https_only")
class TakesPlainHttp(KeepsSettings):
    """It sends the key over plain http."""

    def change_settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {
            **settings,
            "base_url": settings["base_url"].replace(
                "http://payments.example", "https://payments.example"
            ),
        }


@breaks("refuses_a_malformed_key")
class TakesAnyKey(NotifyProvider):
    """It accepts any text as a key."""

    def __init__(self, api_key: Any, **settings: Any) -> None:  # noqa: ANN401  # any value
        super().__init__(
            api_key if callable(api_key) else api_key.split("\r")[0] or "no-key-at-all", **settings
        )


# Settings.


@breaks(
    "enters_the_limiter_for_each_request",
    "gives_up",
    "raises_for_a_body_that_is_not_json",
    "retries",
)
class TriesOnce(KeepsSettings):
    """It does not retry."""

    def change_settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {**settings, "retry": RetryPolicy(attempts=1)}


@breaks("gives_up", "raises_for_a_body_that_is_not_json")
class TriesTooOften(KeepsSettings):
    """It makes one attempt too many."""

    def change_settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return (
            {
                **settings,
                "retry": attrs.evolve(
                    settings["retry"], attempts=settings["retry"].attempts + 1, wait_initial=0
                ),
            }
            if "retry" in settings
            else settings
        )


@breaks("enters_the_limiter_for_each_request")
class IgnoresItsLimiter(KeepsSettings):
    """It ignores the limiter."""

    def change_settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {**settings, "limiter": None}


@breaks("ignores_errors_of_the_callback", "keeps_the_key_out_of_logs_and_events")
class IgnoresItsWatcher(KeepsSettings):
    """It sends no events."""

    def change_settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {**settings, "on_event": None}


@breaks("raises_for_a_malformed_record", "refuses_malformed_amounts")
class SwallowsBadRecords(KeepsSettings):
    """It drops malformed records silently."""

    def change_settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {"on_malformed": lambda _: None, **settings}


@breaks("sets_malformed_records_aside")
class NeverSetsAside(KeepsSettings):
    """It raises for a malformed record in spite of on_malformed."""

    def change_settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {**settings, "on_malformed": None}


# What it holds.


@breaks(
    "can_be_cancelled",
    "closing_ends_a_running_listing",
    "closing_leaves_nothing_open",
    "refuses_work_after_closing",
)
class NeverCloses(NotifyProvider):
    """Closing does nothing."""

    async def aclose(self) -> None:
        return


@breaks("refuses_work_after_closing")
class WorksAfterClosing(NotifyProvider):
    """After aclose it works again without being entered."""

    async def aclose(self) -> None:
        await super().aclose()
        self._client.reopen()


@breaks("refuses_work_after_closing")
class CannotBeEnteredAgain(NotifyProvider):
    """It cannot be entered again after aclose."""

    async def __aenter__(self) -> Self:
        return self


@breaks("never_closes_the_session_of_the_user")
class ClosesWhatItWasGiven(KeepsSettings):
    """It closes the session that the caller passed."""

    async def aclose(self) -> None:
        await super().aclose()
        if "session" in self.settings:
            await self.settings["session"].close()


# Pages.


@attrs.frozen
class EndsAtAnEmptyPage(HalFrom):
    """An empty page ends the listing."""

    def next_position(
        self, position: Position, link: str | None, ids: Sequence[str], records: int = 0
    ) -> Position | None:
        return super().next_position(position, link, ids, records) if records else None


@attrs.frozen
class EndsAtAShortPage(HalFrom):
    """A short page ends the listing."""

    def next_position(
        self, position: Position, link: str | None, ids: Sequence[str], records: int = 0
    ) -> Position | None:
        return (
            super().next_position(position, link, ids, records)
            if records >= (self.limit or 1)
            else None
        )


@attrs.frozen
class AsksByTheLastId(HalFrom):
    """It requests the next page by the last id, and raises if there is none. That is allowed."""

    def next_position(
        self, position: Position, link: str | None, ids: Sequence[str], records: int = 0
    ) -> Position | None:
        if link is not None and not ids:
            raise PaginationError("There is no id on this page to go on from.")
        return super().next_position(position, link, ids, records)


class NotifyReader:
    """A reader that does what Notify's does."""

    def __init__(self) -> None:
        self._reader = make_reader(None)
        self.path = self._reader.path
        self.read_liberally = self._reader.read_liberally

    def split(self, body: bytes) -> RawPage:
        return self._reader.split(body)

    def rows(self, records: list[bytes]) -> list[Any]:
        return self._reader.rows(records)

    def make(self, row: Any) -> Payment:  # noqa: ANN401  # a row
        return self._reader.make(row)


class LosesDigits(NotifyReader):
    """Amounts go through a float."""

    def make(self, row: Any) -> Payment:  # noqa: ANN401  # a row
        return attrs.evolve(super().make(row), amount=Decimal(str(float(row.amount))), raw=row.raw)


class CutsRaw(NotifyReader):
    """`raw` holds only the known fields."""

    def make(self, row: Any) -> Payment:  # noqa: ANN401  # a row
        return attrs.evolve(super().make(row), raw={"id": row.id, "amount": row.amount})


class MakesZeros(NotifyReader):
    """An invalid amount becomes zero."""

    def rows(self, records: list[bytes]) -> list[Any]:
        try:
            return super().rows(records)
        except msgspec.ValidationError as error:
            if "amount" not in str(error):
                raise
            return [
                row
                for record in records
                for row in super(MakesZeros, self).rows(
                    [json.dumps({**json.loads(record), "amount": "0"}).encode()]
                )
            ]


class TakesPythonsNumbers(NotifyReader):
    """Underscores in amounts are ignored, as Python does."""

    def rows(self, records: list[bytes]) -> list[Any]:
        return super().rows([re.sub(rb"(?<=[0-9])_(?=[0-9])", b"", record) for record in records])


class LosesTheSign(NotifyReader):
    """It drops the sign of amounts."""

    def make(self, row: Any) -> Payment:  # noqa: ANN401  # a row
        return attrs.evolve(super().make(row), amount=abs(row.amount), raw=row.raw)


class LeavesOutNothings(NotifyReader):
    """It drops payments of zero."""

    def split(self, body: bytes) -> RawPage:
        page = super().split(body)
        return attrs.evolve(
            page,
            records=[
                record
                for record in page.records
                if not re.search(rb'"amount":"?-?0(\.0*)?[",}]', record)
            ],
        )


class EndsAtAnythingElse(NotifyReader):
    """A response of another shape ends the listing."""

    def split(self, body: bytes) -> RawPage:
        try:
            return super().split(body)
        except msgspec.ValidationError:
            return RawPage([], None, None)


def with_reader(kind: type[NotifyReader]) -> type[NotifyProvider]:
    """Make a client with this reader."""

    class Made(NotifyProvider):
        def _listing(  # type: ignore[override]  # the reader has another name
            self,
            path: str,
            pagination: Any,  # noqa: ANN401  # any value
            _: object,
            **named: Any,  # noqa: ANN401  # any value
        ) -> PagedListing[Any]:
            return super()._listing(path, pagination, kind(), **named)

    Made.__name__ = kind.__name__
    return Made


def with_pages(kind: type[HalFrom]) -> type[NotifyProvider]:
    """Make a client with this pagination."""

    class Made(NotifyProvider):
        def _listing(
            self,
            path: str,
            pagination: Any,  # noqa: ANN401  # any value
            *arguments: Any,  # noqa: ANN401  # any value
            **named: Any,  # noqa: ANN401  # any value
        ) -> PagedListing[Any]:
            return super()._listing(
                path, kind(pagination.limit, pagination.largest), *arguments, **named
            )

    Made.__name__ = kind.__name__
    return Made


breaks("goes_on_after_a_short_page")(with_pages(EndsAtAnEmptyPage))
breaks("goes_on_after_a_short_page")(with_pages(EndsAtAShortPage))
breaks("keeps_the_digits_of_amounts")(with_reader(LosesDigits))
breaks(
    "does_not_go_in_circles",
    "drops_a_repeat",
    "goes_on_after_a_short_page",
    "keeps_the_digits_of_amounts",
    "keeps_the_sign_of_amounts",
    "keeps_what_was_sent",
    "reads_no_further_than_it_must",
    "raises_for_a_malformed_record",
    "refuses_malformed_amounts",
    "sets_malformed_records_aside",
)(with_reader(CutsRaw))
breaks("refuses_malformed_amounts")(with_reader(MakesZeros))
breaks("refuses_malformed_amounts")(with_reader(TakesPythonsNumbers))
breaks("keeps_the_sign_of_amounts")(with_reader(LosesTheSign))
breaks("keeps_the_sign_of_amounts")(with_reader(LeavesOutNothings))
breaks("raises_for_a_body_of_another_shape")(with_reader(EndsAtAnythingElse))

"""Providers of the odd API that each break one promise, and the cases that must report it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from paysdk.authoring import ErrorDetails, RawResponse, RestProvider, explain_parsed_body
from paysdk.events import Event, ResponseReceived
from tests.testing.contract.breaking import registering
from tests.testing.contract.odd import FixedProvider, OddProvider

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp

    from paysdk import Checkpoint
    from paysdk.provider import Listing
    from paysdk.transport.messages import Request

BROKEN: dict[type[OddProvider], frozenset[str]] = {}
breaks = registering(BROKEN)


class LosesHeaders(OddProvider):
    """Some of its requests lack its headers."""

    def __init__(
        self,
        api_key: Any,  # noqa: ANN401  # any value
        division: str = "north",
        **settings: Any,  # noqa: ANN401  # any value
    ) -> None:
        super().__init__(api_key, division, **settings)
        http: Any = self._client._http  # the fault is below what a provider can do
        complete = http._headers_of
        self.sent: list[Request] = []

        def headers_of(request: Request, session: aiohttp.ClientSession) -> Mapping[str, str]:
            headers: Any = complete(request, session)
            if self.loses_headers(request):
                del headers["Odd-Division"]
            self.sent.append(request)
            return cast("Mapping[str, str]", headers)

        http._headers_of = headers_of

    def loses_headers(self, request: Request) -> bool:
        """Whether this request lacks them."""
        raise NotImplementedError


@breaks("sends_its_headers_with_each_request")
class LosesHeadersOnLaterPages(LosesHeaders):
    """Later pages lack its headers."""

    def loses_headers(self, request: Request) -> bool:
        return "page=" in request.query


@breaks("sends_its_headers_with_each_request")
class LosesHeadersForGood(LosesHeaders):
    """From its second listing on, it lacks its headers."""

    listings = 0

    def make_listing(
        self,
        filters: dict[str, str],
        limit: dict[str, str],
        size: int | None,
        resume: Checkpoint | str | None,
    ) -> Listing:
        self.listings += 1
        return super().make_listing(filters, limit, size, resume)

    def loses_headers(self, request: Request) -> bool:  # noqa: ARG002  # any request
        return self.listings > 1


@breaks("sends_its_headers_with_each_request")
class LosesHeadersOnRetries(LosesHeaders):
    """A request that is sent again lacks its headers."""

    def loses_headers(self, request: Request) -> bool:
        return any(request is each for each in self.sent)


@breaks("sends_its_headers_with_each_request")
class LosesHeadersOnRedirects(LosesHeaders):
    """After a redirect, its headers are missing."""

    def __init__(
        self,
        api_key: Any,  # noqa: ANN401  # any value
        division: str = "north",
        **settings: Any,  # noqa: ANN401  # any value
    ) -> None:
        self.statuses = [0]
        super().__init__(api_key, division, on_event=self.note, **settings)

    def note(self, event: Event) -> None:
        """Note the status of a response."""
        if isinstance(event, ResponseReceived):
            self.statuses.append(event.status)

    def loses_headers(self, request: Request) -> bool:  # noqa: ARG002  # any request
        return self.statuses[-1] == 307


@breaks("sends_its_headers_with_each_request")
class LosesHeadersOnResuming(LosesHeaders):
    """A listing that resumes lacks its headers."""

    resumed = False

    def make_listing(
        self,
        filters: dict[str, str],
        limit: dict[str, str],
        size: int | None,
        resume: Checkpoint | str | None,
    ) -> Listing:
        self.resumed = resume is not None
        return super().make_listing(filters, limit, size, resume)

    def loses_headers(self, request: Request) -> bool:  # noqa: ARG002  # any request
        return self.resumed


@breaks("names_its_tenant_in_its_origin")
class HidesItsTenant(OddProvider):
    """Its tenant is only a header."""

    def __init__(
        self,
        api_key: Any,  # noqa: ANN401  # any value
        division: str = "north",
        **settings: Any,  # noqa: ANN401  # any value
    ) -> None:
        RestProvider.__init__(self, api_key, headers={"Odd-Division": division}, **settings)


@breaks("names_its_tenant_in_its_origin")
class NamesOneTenant(OddProvider):
    """All tenants have the origin of the first one."""

    @property
    def origin(self) -> str:
        return f"{self.base_url}#north"


@breaks("names_its_tenant_in_its_origin")
class SharesCheckpoints(OddProvider):
    """It takes the checkpoint of another tenant."""

    @property
    def _owner(self) -> str:
        return self.name


@breaks("says_what_the_api_said")
class SaysTheBody(OddProvider):
    """An error has the body instead of the API's words."""

    def explain_error(self, response: RawResponse) -> ErrorDetails | None:
        return ErrorDetails(detail=response.body.decode())


@breaks("says_what_the_api_said")
class NamesFieldsItself(OddProvider):
    """An error has a field that the API did not name."""

    def explain_error(self, response: RawResponse) -> ErrorDetails | None:
        said = "The key is not known"
        return (
            ErrorDetails(detail=said, fields={"unknown": (said,)})
            if response.status == 401
            else None
        )


@breaks("says_what_the_api_said")
class DropsTheField(OddProvider):
    """An error does not have the field that the API named."""

    def explain_error(self, response: RawResponse) -> ErrorDetails | None:
        return ErrorDetails(detail="Too much") if response.status == 422 else None


@breaks("says_what_the_api_said")
class ExplainsOnlyItsOwnBodies(OddProvider):
    """It fails for the page of a gateway."""

    def explain_error(self, response: RawResponse) -> ErrorDetails | None:
        parsed = response.json()
        said = parsed["error"] if isinstance(parsed, dict) and "error" in parsed else None
        return None if said is None else explain_parsed_body(parsed)


@breaks("refuses_page_sizes_out_of_range")
class TakesSmallerPages(FixedProvider):
    """It takes page sizes that its API does not have."""

    def list_payments(
        self,
        *,
        page_size: Any = None,  # noqa: ANN401  # any value
        **arguments: Any,  # noqa: ANN401  # any value
    ) -> Any:  # noqa: ANN401  # any value
        known = {4: 5}
        size = known.get(page_size, page_size) if type(page_size) is int else page_size
        return super().list_payments(page_size=size, **arguments)


@breaks(
    "filters_by_modified_since",
    "keeps_filters_on_later_pages",
    "keeps_filters_to_one_listing",
    "keeps_filters_when_it_resumes",
)
class SendsNoTime(OddProvider):
    """Its filter never goes out."""

    def make_listing(
        self,
        filters: dict[str, str],
        limit: dict[str, str],
        size: int | None,
        resume: Checkpoint | str | None,
    ) -> Listing:
        filters.clear()
        return super().make_listing(filters, limit, size, resume)


SETTINGS: dict[type[OddProvider], dict[str, Any]] = {TakesSmallerPages: {"largest": 5}}

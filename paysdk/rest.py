"""The base class of a provider whose API sends JSON over HTTP. A subclass adds the endpoints."""

from __future__ import annotations

import logging
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, ClassVar, Self, TypeAlias, TypedDict, TypeVar, Unpack

import attrs

from paysdk.arguments import check_int, check_text
from paysdk.declared import check_declarations
from paysdk.errors import MalformedResponseError, UnsupportedFilterError
from paysdk.listing.checkpoints import check_first_query
from paysdk.listing.endpoint import Endpoint
from paysdk.listing.joined import JoinedListing, find_listing
from paysdk.listing.listing import PagedListing
from paysdk.pagination import Pagination, encode_query
from paysdk.transport.client import Client, Settings
from paysdk.transport.conventions import Conventions, check_headers
from paysdk.transport.credentials import KeySource, Secret
from paysdk.transport.observer import RequestStats

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from paysdk.checkpoint import Checkpoint
    from paysdk.events import Event
    from paysdk.listing.endpoint import FetchPage
    from paysdk.listing.windows import TimeWindows
    from paysdk.provider import Capabilities
    from paysdk.records.page import Reader
    from paysdk.transport.client import Session, SSLContext
    from paysdk.transport.messages import ErrorDetails, RawResponse
    from paysdk.transport.policy import RetryPolicy

__all__ = [
    "ApiKey",
    "RestProvider",
    "RestSettings",
    "check_page_size",
    "refuse_filters",
    "wrap_key",
]

T = TypeVar("T")

_log = logging.getLogger("paysdk")

# More requests would wait, because a session of aiohttp has 100 connections by default.
_MAX_CONCURRENCY = 100

# The forms of a key. A ``Secret`` comes from a constructor that passes the key on.
ApiKey: TypeAlias = "str | Secret | Callable[[], Awaitable[str]]"


class RestSettings(TypedDict, total=False):
    """The settings of ``RestProvider``.

    A constructor passes them on as ``**settings: Unpack[RestSettings]``.
    """

    base_url: str | None
    session: Session | None
    retry: RetryPolicy
    timeout: float
    deadline: float | None
    limiter: AbstractAsyncContextManager[object] | None
    on_malformed: Callable[[MalformedResponseError], object] | None
    on_event: Callable[[Event], object] | None
    allow_http: bool
    trust_env: bool
    ssl_context: SSLContext | None


class RestProvider:
    """The base class of a provider whose API sends JSON over HTTP. A subclass adds the endpoints.

    These attributes of your class say how its API differs from others:

    - ``name``: the name of the provider and of its entry point.
    - ``capabilities``: the filters and what else the API can do.
    - ``default_base_url``: the origin of the API.
    - ``authorization_scheme``: the word before the key in the header ``Authorization``.
    - ``headers``: headers that are sent with each request.
    - ``header_parameters``: filters that are sent as headers, such as ``If-Modified-Since``.
    - ``reset_headers``: headers, in addition to the usual ones, that say when a rate limit resets.
    - ``request_id_headers``: headers, in addition to the usual ones, with the API's ID of a
      request.
    - ``empty_statuses``: statuses, such as 304, that mean that nothing was found.

    These settings are for every user of your provider:

    - *api_key*: the key, or an async callable that returns it. The callable is called for each
      attempt, and once more after a 401, so that keys can rotate.
    - *base_url*: the origin, with the path of a gateway if there is one. By default,
      ``default_base_url``.
    - *session*: a session of your own, which is never closed.
    - *retry*: when and how often a request is retried.
    - *timeout*: the limit of one attempt, in seconds.
    - *deadline*: the limit of a whole operation with its retries and waits, in seconds. The time
      between two pages of a listing does not count.
    - *limiter*: an async context manager that is entered once for each attempt, and once more for
      each redirect that is followed.
    - *on_malformed*: a callable that gets the error of each record that cannot be read. The record
      is then set aside. Without *on_malformed*, such a record ends the listing.
    - *on_event*: a callable that gets each event of ``paysdk.events``.
    - *allow_http*: whether the origin may be plain http on another machine, where others can read
      the key.
    - *trust_env*: whether to use the proxy that the environment names.
    - *ssl_context*: a TLS context, for example for a private certificate authority.

    These two are for the constructor of your class, which may pass them on:

    - *headers*: further headers that are sent with each request.
    - *tenant*: the tenant, realm or division that the object lists, if a key can reach several.

    Raises ``ConfigurationError`` for a setting or an attribute that cannot be right. Nothing is
    opened before the first request. One object serves any number of tasks, and goes on in another
    event loop.
    """

    name: str
    capabilities: Capabilities
    default_base_url: ClassVar[str]
    authorization_scheme: ClassVar[str]
    headers: ClassVar[Mapping[str, str]] = {}
    header_parameters: ClassVar[frozenset[str]] = frozenset()
    reset_headers: ClassVar[tuple[str, ...]] = ()
    request_id_headers: ClassVar[tuple[str, ...]] = ()
    empty_statuses: ClassVar[frozenset[int]] = frozenset()

    # inspect.signature() shows it, for the classes of all providers.
    __signature__: ClassVar[Signature]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.__signature__ = _spell_out_settings(cls.__init__)

    def __init__(
        self,
        api_key: ApiKey,
        *,
        headers: Mapping[str, str] | None = None,
        tenant: str | None = None,
        **settings: Unpack[RestSettings],
    ) -> None:
        key = wrap_key(api_key)
        del api_key  # so that no traceback of what follows can show it
        for name in settings.keys() - RestSettings.__annotations__.keys():
            raise TypeError(f"{type(self).__name__} has no setting {name!r}.")
        check_declarations(self)
        checked = Settings(key=key, default_base_url=self.default_base_url, **settings)
        conventions = Conventions(
            headers=check_headers({**self.headers, **(headers or {})}),
            reset_headers=self.reset_headers,
            request_id_headers=self.request_id_headers,
            empty_statuses=self.empty_statuses,
            explain_error=self._explain_error,
        )
        self._tenant = None if tenant is None else check_text("tenant", tenant)
        self._client = Client(self.name, self.authorization_scheme, checked, conventions)

    def __repr__(self) -> str:
        # A constructor that fails leaves a half-made object in the frames of its error, which may
        # be shown.
        client: Client | None = getattr(self, "_client", None)
        settings = "" if client is None else f"base_url={client.settings.origin!r}"
        return f"{type(self).__name__}({settings})"

    @property
    def base_url(self) -> str:
        """The base URL that requests are sent to: the origin, with the path of a gateway."""
        return self._client.settings.origin

    @property
    def origin(self) -> str:
        """Where its payments come from: the base URL and, after ``#``, the tenant if it has one."""
        return self.base_url if self._tenant is None else f"{self.base_url}#{self._tenant}"

    def explain_error(
        self,
        response: RawResponse,  # noqa: ARG002  # for subclasses
    ) -> ErrorDetails | None:
        """Return what the error *response* says, or ``None`` to have it read in the usual way.

        Override this if the API's error bodies have a form that paysdk does not read. A gateway can
        also send HTML, or nothing. If this raises, the response is read in the usual way, and a
        warning is logged.
        """
        return None

    def _explain_error(self, response: RawResponse) -> ErrorDetails | None:
        try:
            return self.explain_error(response)
        except Exception as error:  # noqa: BLE001  # it would hide the error of the API
            _log.warning(
                "%s.explain_error raised %s for a response with status %d, so the response is read "
                "in the usual way.",
                type(self).__name__,
                type(error).__name__,
                response.status,
            )
            return None

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        json: object = None,
        form: Mapping[str, object] | None = None,
    ) -> RawResponse:
        """Send a request that paysdk does not model, and return the response.

        It has the same key, headers, origin, limits, deadline and events as every other request.
        *path* begins with a slash. *json* becomes a JSON body, in which each ``Decimal`` is a
        number with exactly its digits. *form* becomes a form-encoded body. ``RawResponse.json()``
        returns exact numbers.

        GET and HEAD requests are retried. Any other request goes over a connection of its own. It
        is sent again only if it cannot have been processed: it was never sent, the response was
        429, or it was 401 and the key has changed. If such a request is cancelled, or ends with an
        error, it may have been processed. It was not processed if the error is a
        ``ConfigurationError`` about an argument, a ``TransportError`` with ``never_sent``, or an
        ``APIError`` whose status refuses the request, such as 400.

        Raises ``ConfigurationError`` for arguments that cannot be sent, before anything is sent,
        and ``APIError`` for an error status.
        """
        from paysdk.transport.raw_request import build_request  # noqa: PLC0415  # seldom used
        from paysdk.transport.requester import keep_response  # noqa: PLC0415  # likewise

        request = build_request(method, path, query, json=json, form=form)
        return await self._client.call_within(
            self._client.deadline(), request, keep_response, RequestStats()
        )

    async def _get(self, path: str, query: Mapping[str, object] | None = None) -> RawResponse:
        """Send a GET request to *path*, as ``request`` does."""
        return await self.request("GET", path, query=query)

    async def __aenter__(self) -> Self:
        self._client.reopen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Cancel the running operations, and close the connections that paysdk opened.

        You can call it twice. Afterwards you can enter the object again.
        """
        await self._client.aclose()

    @property
    def _owner(self) -> str:
        """The provider and its tenant, for checkpoints."""
        return self.name if self._tenant is None else f"{self.name}#{self._tenant}"

    def _listing(
        self,
        path: str,
        pagination: Pagination,
        reader: Reader[T],
        *,
        filters: dict[str, str],
        resume: Checkpoint | str | None,
        concurrency: int = 1,
        windows: TimeWindows | None = None,
        strict: bool = False,
        page_fetcher: Callable[[], FetchPage] | None = None,
    ) -> PagedListing[T]:
        """A listing of the endpoint at *path*. ``list_payments`` of a provider returns it.

        *filters* are the parameters that choose what is listed. They become part of each
        checkpoint. Except those in ``header_parameters``, they must also be in the first query of
        *pagination*. *resume* is the argument of ``list_payments``. Up to *concurrency* pages are
        requested concurrently, if *pagination* can predict where they start. *windows* divide the
        listing into windows of time, which are read concurrently. If *strict* is true, a malformed
        record raises, whatever ``on_malformed`` is.

        If a page takes other requests than a GET, *page_fetcher* is called for each iteration over
        the listing. It returns an async function that gets a ``Requester`` and the query of a page,
        sends the requests, and returns a ``RawPage``.

        Raises ``ConfigurationError`` for a *concurrency* that is not from 1 to 100, for a
        checkpoint that belongs to another listing, and for a filter that the first query does not
        have.
        """
        check_int("concurrency", concurrency, 1, _MAX_CONCURRENCY)
        check_first_query(pagination, filters, self.header_parameters)
        endpoint = Endpoint(
            client=self._client,
            owner=self._owner,
            path=path,
            pagination=pagination,
            reader=reader,
            filters=encode_query(sorted(filters.items())),
            on_malformed=None if strict else self._client.settings.on_malformed,
            # SchemaReader and TableReader have it. RecordReader has not.
            select=getattr(reader, "select", None),
            concurrency=concurrency,
            header_parameters=self.header_parameters,
            page_fetcher=page_fetcher,
        )
        listing = PagedListing(endpoint, None, windows)
        return listing if resume is None else listing.resume(resume)

    def _resume(self, resume: Checkpoint | str, *listings: PagedListing[T]) -> PagedListing[T]:
        """Return the one of *listings* that the checkpoint *resume* belongs to, resumed.

        Use it if ``list_payments`` has several ways of listing, since a call that resumes has no
        filters to choose by. Raises ``ConfigurationError`` if it belongs to none of them.
        """
        return listings[find_listing(listings, resume)].resume(resume)

    def _join(
        self, *listings: PagedListing[T], resume: Checkpoint | str | None
    ) -> JoinedListing[T]:
        """Return one listing that reads *listings* one after the other.

        A checkpoint of any of them resumes the whole.
        """
        return JoinedListing(listings, resume)


def _spell_out_settings(constructor: Callable[..., None]) -> Signature:
    """The signature of *constructor* without ``self``, with each of ``RestSettings`` by its name.

    So ``open_provider`` can refuse a misspelt setting, and help and documents show them all.
    """
    own = list(signature(constructor).parameters.values())[1:]
    if constructor is RestProvider.__init__:
        # A provider without a constructor of its own has no use for these.
        own = [each for each in own if each.name not in {"headers", "tenant"}]
    if not own or "RestSettings" not in str(own[-1].annotation):
        return Signature(own)
    defaults = {field.name: field.default for field in attrs.fields(Settings)}
    spelt_out = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=defaults[name], annotation=kind)
        for name, kind in Settings.__init__.__annotations__.items()
        if name in RestSettings.__annotations__
    ]
    return Signature([*own[:-1], *spelt_out])


def wrap_key(api_key: ApiKey) -> KeySource:
    """*api_key* in a form that no traceback shows.

    A provider with a constructor of its own wraps the key first, and passes the wrapped key on.
    """
    return api_key if isinstance(api_key, Secret) or callable(api_key) else Secret(api_key)


RestProvider.__signature__ = _spell_out_settings(RestProvider.__init__)


def refuse_filters(provider: str, **filters: object) -> None:
    """Raise ``UnsupportedFilterError`` for the first of the *filters* that is not ``None``."""
    for name, value in filters.items():
        if value is not None:
            raise UnsupportedFilterError(
                f"{provider} cannot filter by {name}. List all payments, and choose from them in "
                "your program."
            )


def check_page_size(page_size: int | None, largest: int, smallest: int = 1) -> int | None:
    """*page_size*, if a page can be that large. Raises ``ConfigurationError`` otherwise.

    If the API has one page size only, it is both the *largest* and the *smallest*.
    """
    return None if page_size is None else check_int("page_size", page_size, smallest, largest)

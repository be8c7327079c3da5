"""No key is shown: by its secret, or by errors, also if the API repeats it in a response."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
import traceback
from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

import pytest

from paysdk.errors import (
    APIError,
    ConfigurationError,
    MalformedResponseError,
    PaginationError,
    PaysdkError,
)
from paysdk.providers.campfire.paying.items import ManualPayment
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.transport.credentials import (
    Secret,
    check_key,
    drop_tracebacks,
    redact_error,
    redact_passwords,
)
from paysdk.transport.policy import RetryPolicy

if TYPE_CHECKING:
    import asyncio

    from paysdk.events import Event
    from tests.conftest import RawServers

KEY = "sandbox-key"


def test_secret_is_not_printed() -> None:
    """Neither printing nor formatting a secret shows its text."""
    secret = Secret(KEY)
    assert KEY == secret.reveal()
    assert ["Secret(***)"] * 4 == [repr(secret), str(secret), f"{secret}", f"{secret!r:s}"]
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize(
    "copied", [pickle.dumps, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"]
)
def test_secret_cannot_be_pickled(copied: Callable[[object], object]) -> None:
    """A secret cannot be pickled or copied."""
    with pytest.raises(TypeError, match="holds an API key, so it cannot be pickled") as caught:
        copied(Secret(KEY))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "key", [KEY, "test_sandbox", "a", "ABC.def-123_~+/=", "x" * 5000], ids=range(5)
)
def test_key_of_visible_ascii_is_accepted(key: str) -> None:
    """`check_key` returns the same secret."""
    secret = Secret(key)
    assert secret is check_key(secret)


BAD_KEYS: list[Any] = [
    "",
    " ",
    " " + KEY,
    KEY + " ",
    KEY + "\n",
    KEY + "\r\nX-Other: 1",
    "Token " + KEY,
    KEY + "\t",
    KEY + "\x00",
    KEY + "\x7f",
    KEY + "é",
    KEY + "\u200b",
    None,
    5,
    KEY.encode(),
    [KEY],
]


@pytest.mark.parametrize("key", BAD_KEYS, ids=range(len(BAD_KEYS)))
def test_refuses_a_wrong_key(key: Any) -> None:  # noqa: ANN401  # anything may be given
    """A key with a line end, say, is refused with a message that does not contain it."""
    with pytest.raises(ConfigurationError, match="api_key") as caught:
        check_key(Secret(key))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("wrong", ["Token sandbox-key", "sandbox-key\n"])
def test_frames_do_not_show_a_wrong_key(
    wrong: str, told_by: Callable[[BaseException], str]
) -> None:
    """No frame of the error about a key shows the key."""
    with pytest.raises(ConfigurationError) as raised:
        check_key(Secret(wrong))
    assert "sandbox-key" not in told_by(raised.value)


@pytest.mark.parametrize(
    ("key", "text", "shown"),
    [
        (f"Token {KEY}", f"bad header Token {KEY}", "bad header Token ***"),
        (KEY, f"{KEY}, {KEY}", "***, ***"),
        (KEY, "it begins with sandbox-k", "it begins with ***"),
        (KEY, "sandbox", "sandbox"),
        (KEY, r"\u0073\u0061\u006E\u0064box-key!", "***!"),
        (KEY, "%73andbox%2Dkey%2573andbox%252dkey", "******"),
        (
            'sand/"box\\',
            r"key=sand%2f%22box%5C and sand/\"box\\, sand/\\\"bo",
            "key=*** and ***, ***",
        ),
        ("Token l", "all well", "all well"),
        ("Token eightlet", "is it eightlet?", "is it ***?"),
        ("Token sevenle", "is it sevenle?", "is it sevenle?"),
    ],
    ids=range(10),
)
def test_redacts_a_repeated_key(key: str, text: str, shown: str) -> None:
    """A key is removed if it is escaped or cut, but not if it is too short for a key."""
    assert (shown, shown != text) == (Secret(key).redact(text), Secret(key).occurs_in(text))


def test_redacts_an_error() -> None:
    """The keys are removed from every attribute, and the error is not chained to its cause."""
    error = APIError(
        f"400 {KEY}",
        status=400,
        detail=KEY,
        fields={KEY: ("no", f"not {KEY}")},
        request_id=None,
        retry_after=2.0,
        headers={"x-echo": KEY},
    )
    error.add_note(f"of {KEY} and other-key")
    error.__cause__ = LookupError(KEY)
    assert error is redact_error(error, [Secret(KEY), Secret("other-key")])
    assert ("400 ***",) == error.args
    assert {
        "status": 400,
        "detail": "***",
        "fields": {"***": ("no", "not ***")},
        "request_id": None,
        "retry_after": 2.0,
        "headers": {"x-echo": "***"},
        "__notes__": ["of *** and ***"],
    } == vars(error)
    linked: list[object] = [error.__cause__, error.__context__, error.__traceback__]
    assert [None, None, None] == linked
    assert ("a" * 1500 + "…" + "b" * 500,) == redact_error(
        ConfigurationError("a" * 10**6 + "b" * 500), []
    ).args
    assert ("a" * 2000,) == redact_error(ConfigurationError("a" * 2000), []).args
    assert ("caf?",) == redact_error(ConfigurationError("caf\udce9"), []).args
    assert (
        b"\xff***\x00"
        == redact_error(
            MalformedResponseError(raw=b"\xff" + KEY.encode() + b"\x00"), [Secret(KEY)]
        ).raw
    )


def test_words_about_an_argument_stay() -> None:
    """The error about an argument has nothing from an API, so no word of it is a repeated key."""
    words = f"page_size {KEY}"
    assert (words,) == redact_error(ConfigurationError(words), [Secret(KEY)]).args


def test_part_that_is_too_long_to_be_found() -> None:
    """If the message was cut in the middle of what came from outside, all of it is searched."""
    link = f"{KEY}{'a' * 200_000}"
    error = redact_error(PaysdkError(f"Link {link}").quoting(link), [Secret(KEY)])
    assert str(error).startswith("Link ***aaa")


def test_malformed_response_keeps_the_words_of_its_cause() -> None:
    """The copy of the cause has its type and its words, and neither keys, frames nor attributes."""
    cause = raised(AttributeError(f"no {KEY}", name="id", obj=KEY))
    cause.__cause__ = LookupError(KEY)
    error = MalformedResponseError("bad")
    error.__cause__ = cause
    found = redact_error(error, [Secret(KEY)]).__cause__
    assert isinstance(found, AttributeError)
    assert (("no ***",), None) == (found.args, found.obj)
    assert [None] * 3 == [found.__cause__, found.__context__, found.__traceback__]


@pytest.mark.parametrize(
    ("password", "shown"),
    [
        ("pw", "the pw of proxy.pw"),
        ("the", "*** pw of proxy.pw"),
        ("proxy", "the pw of ***.pw"),
    ],
)
def test_short_passwords_are_not_redacted(password: str, shown: str) -> None:
    """Removing a shorter password would also remove parts of words."""
    assert shown == redact_passwords("the pw of proxy.pw", [password])


def test_login_in_a_url_is_redacted() -> None:
    """The user and the password of a URL are replaced, and the rest of the text stays."""
    text = "Cannot connect to http://user:pw@proxy:1/a@b via https://proxy:2"
    shown = "Cannot connect to http://***@proxy:1/a@b via https://proxy:2"
    assert shown == redact_passwords(text, [])


def raised(error: Exception) -> Exception:
    """Return *error* with a frame in its traceback."""
    with contextlib.suppress(Exception):
        raise error
    return error


def test_drops_tracebacks_of_the_whole_chain() -> None:
    """The frames of causes and contexts are removed, also if the chain is a circle."""
    first, cause, context, *deeper = [raised(ValueError(str(number))) for number in range(6)]
    first.__cause__, first.__context__ = cause, context
    cause.__cause__, context.__cause__, context.__context__ = *deeper[:2], deeper[2]
    deeper[0].__context__ = first
    drop_tracebacks(first)
    assert [None] * 6 == [error.__traceback__ for error in (first, cause, context, *deeper)]


QUICK = RetryPolicy(attempts=2, wait_initial=0)
KEYS = ["test_sandbox", 'test/"sand\\box"==']


def ok(body: bytes, head: str = "") -> bytes:
    """Make a successful response."""
    return f"HTTP/1.1 200 OK\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def status(code: int, body: bytes = b"", head: str = "") -> bytes:
    """Make a response with this status."""
    return f"HTTP/1.1 {code} X\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def json_of(value: object) -> bytes:
    """Make a successful response with this body."""
    return ok(json.dumps(value).encode())


def escaped(key: str) -> str:
    """Escape each character of *key* as JSON may."""
    return "".join(f"\\u{ord(sign):04X}" for sign in key)


PAYMENT = {"id": 1, "invoice_id": 1, "amount": 1}
ECHOES: dict[str, Callable[[str], bytes]] = {
    "detail": lambda key: status(500, json.dumps({"detail": f"Token {key}"}).encode()),
    "fields": lambda key: status(400, json.dumps({f"no {key}": [f"Token {key}"]}).encode()),
    "detail, escaped": lambda key: status(500, f'{{"detail":"{escaped(key)}"}}'.encode()),
    "broken detail": lambda key: status(500, f'{{"detail":""{json.dumps(key)}"}}'.encode()),
    "request id": lambda key: status(401, head=f"X-Request-Id: Token {key}\r\n"),
    "location": lambda key: status(302, head=f"Location: http://elsewhere.example/?key={key}\r\n"),
    "location, encoded": lambda key: status(
        302, head=f"Location: http://elsewhere.example/?key={quote(key, safe='')}\r\n"
    ),
    "location on the same origin": lambda key: status(302, head=f"Location: /x?key={key}\r\n"),
    "HTML": lambda key: ok(f"<pre>Token {key}</pre>".encode()),
    "HTML, cut short": lambda key: ok(b"<" + b"x" * (200 - 12) + key.encode()),
    "another shape": lambda key: json_of({"results": f"Token {key}"}),
    "record": lambda key: json_of(
        {"results": [PAYMENT | {"amount": f"Token {key}"}], "next": None}
    ),
    "link": lambda key: json_of({"results": [PAYMENT], "next": f"http://x/?cursor={key}"}),
    "link, encoded": lambda key: json_of(
        {"results": [PAYMENT], "next": f"http://x/?cursor={quote(quote(key, safe=''))}"}
    ),
    "link to nowhere": lambda key: json_of({"results": [PAYMENT], "next": f"http://x/?key={key}"}),
    "status line": lambda key: f"HTTP/1.1 Token {key}\r\n\r\n".encode(),
    "reason": lambda key: f"HTTP/1.1 500 Token {key}\r\nContent-Length: 0\r\n\r\n".encode(),
    "another protocol": lambda key: f"Token {key}\r\n\r\n".encode(),
    "header": lambda key: f"HTTP/1.1 200 OK\r\nAuthorization Token {key}\r\n\r\n".encode(),
    "long header": lambda key: (
        b"HTTP/1.1 200 OK\r\nX: " + f"Token {key}".encode() * 5000 + b"\r\n\r\n"
    ),
    "length": lambda key: f"HTTP/1.1 200 OK\r\nContent-Length: {key}\r\n\r\n".encode(),
    "chunk": lambda key: f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{key}\r\n".encode(),
}

Operation: TypeAlias = Callable[[CampfireProvider], Awaitable[object]]
CASH = ManualPayment(
    amount=Decimal(10), account_id=1, account_name="Cash", payment_date=date(2026, 1, 31)
)
OPERATIONS: dict[str, Operation] = {
    "list": lambda provider: provider.list_payments().collect(),
    "invoice": lambda provider: provider.retrieve_invoice(1),
    "pay": lambda provider: provider.mark_invoice_paid(1, empty_transactions=[CASH]),
}


def forms_of(key: str) -> list[str]:
    """Return the forms that would reveal the key: all of it in any notation, or most of it."""
    return [
        key,
        key[:10],
        repr(key)[1:-1],
        json.dumps(key)[1:-1],
        quote(key, safe=""),
        escaped(key),
        escaped(key).lower(),
    ]


@pytest.mark.parametrize("key", KEYS, ids=["plain", "with what is escaped"])
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("echo", ECHOES)
async def test_repeated_key(
    raw_server: RawServers,
    caplog: pytest.LogCaptureFixture,
    told_by: Callable[[BaseException], str],
    *,
    echo: str,
    operation: str,
    key: str,
) -> None:
    """A repeated key is in no error, frame, pickle, checkpoint, log, event or URL."""

    async def respond(_number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(ECHOES[echo](key))
        await writer.drain()
        writer.close()

    server = await raw_server(respond)
    events: list[Event] = []
    async with CampfireProvider(
        key, base_url=server.url, retry=QUICK, timeout=5.0, on_event=events.append
    ) as provider:
        with caplog.at_level(0), pytest.raises(PaysdkError) as raised:
            await OPERATIONS[operation](provider)
    error = raised.value
    told = {
        "error": told_by(error),
        "checkpoint": str(error.checkpoint),
        "pickle": ascii(pickle.dumps(error)),
        "log": caplog.text + repr([vars(record) for record in caplog.records]),
        "events": repr(events),
        "URLs": repr([request.partition(b"\r\n")[0].decode() for request in server.requests]),
    }
    assert [] == [
        (where, form) for where, text in told.items() for form in forms_of(key) if form in text
    ]
    str(error).encode()


async def test_link_with_the_key(
    raw_server: RawServers,
) -> None:
    """The payments of the page are yielded, then an error is raised and nothing more is sent."""

    async def respond(_number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(ECHOES["link"](KEYS[0]))

    server = await raw_server(respond)
    given: list[str] = []
    async with CampfireProvider(KEYS[0], base_url=server.url) as provider:
        with pytest.raises(PaginationError, match="The link to the next page contains the API key"):
            async for payment in provider.list_payments():
                # A comprehension would lose what came before the error.
                given.append(payment.id)  # noqa: PERF401  # see above
    assert ["1"] == given
    assert 1 == len(server.requests)


async def test_message_about_a_huge_link(raw_server: RawServers) -> None:
    """The message keeps its beginning and its end, which say what happened and what to do."""

    async def respond(_number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(json_of({"results": [], "next": "?x=" + "y" * 100_000}))

    server = await raw_server(respond)
    async with CampfireProvider(KEYS[0], base_url=server.url) as provider:
        with pytest.raises(
            PaginationError,
            match=r"^The link to the next page has no cursor .* Resume from the checkpoint",
        ) as raised:
            await provider.list_payments().collect()
    assert len(str(raised.value)) < 2500


async def test_record_with_the_key(raw_server: RawServers) -> None:
    """A readable record keeps the key, and a malformed record that was set aside does not."""
    records = [PAYMENT | {"memo": KEYS[0]}, PAYMENT | {"memo": KEYS[0], "amount": KEYS[0]}]

    async def respond(_number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(json_of({"results": records, "next": None}))

    aside: list[MalformedResponseError] = []
    server = await raw_server(respond)
    async with CampfireProvider(
        KEYS[0], base_url=server.url, on_malformed=aside.append
    ) as provider:
        (payment,) = await provider.list_payments().collect()
    assert KEYS[0] == payment.raw["memo"]
    assert [json.dumps(records[1]).replace(KEYS[0], "***").encode()] == [
        error.raw for error in aside
    ]
    assert KEYS[0] not in str(aside[0])


async def test_rotated_keys(raw_server: RawServers) -> None:
    """The error of a late response contains neither the old key nor the new one."""
    given, asked = iter(["first_key", "second_key", "third_key"]), list[str]()
    # So many that the next page is asked for while they are read.
    rows = [PAYMENT | {"id": number} for number in range(1000)] + [
        PAYMENT | {"amount": "second_key third_key"}
    ]

    async def key() -> str:
        asked.append(next(given))
        return asked[-1]

    async def respond(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(
            json_of({"results": rows if number == 2 else [PAYMENT], "next": f"?cursor={number}"})
        )

    server = await raw_server(respond)
    async with CampfireProvider(key, base_url=server.url) as provider:
        with pytest.raises(
            MalformedResponseError, match=r"got '\*\*\* \*\*\*', at \$\.results\[1000\]\.amount"
        ):
            await provider.list_payments().collect()
    assert ["first_key", "second_key", "third_key"] == asked


async def test_headers_with_the_key(raw_server: RawServers) -> None:
    """The request id and the redirect address of an error do not contain the key."""

    async def respond(_number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(
            status(
                302,
                head=(
                    f"X-Request-Id: r-{KEYS[0]}\r\n"
                    f"Location: https://elsewhere.example/{KEYS[0]}\r\n"
                ),
            )
        )

    server = await raw_server(respond)
    async with CampfireProvider(KEYS[0], base_url=server.url) as provider:
        with pytest.raises(APIError) as raised:
            await provider.retrieve_invoice(1)
    assert "r-***" == raised.value.request_id
    assert (
        "a redirect to https://elsewhere.example/***, which paysdk does not follow"
        == raised.value.detail
    )


async def test_headers_that_are_not_text(raw_server: RawServers) -> None:
    """The error can be printed and logged, whatever bytes a header has."""

    async def respond(_number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 302 X\r\nLocation: http://elsewhere.example/\xff\r\n"
            b"X-Request-Id: \xfe1\r\nContent-Length: 0\r\n\r\n"
        )

    server = await raw_server(respond)
    async with CampfireProvider(KEYS[0], base_url=server.url) as provider:
        with pytest.raises(
            APIError,
            match=r"302 a redirect to http://elsewhere\.example/\?, which paysdk does not follow",
        ) as raised:
            await provider.retrieve_invoice(1)
    assert "?1" == raised.value.request_id
    assert str(raised.value).encode()


async def callable_key() -> str:
    """Return a key, as a callable key does."""
    return KEYS[0]


@pytest.mark.parametrize("key", [KEYS[0], callable_key], ids=["given", "callable"])
def test_provider_cannot_be_pickled(key: str | Callable[[], Awaitable[str]]) -> None:
    """A provider with a key or with a callable cannot be pickled."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(CampfireProvider(key))


@pytest.mark.parametrize("wrong", ["http://example.com", "example.com", 7])
def test_traceback_with_locals(wrong: str) -> None:
    """A traceback of a wrong base_url can show locals, and they do not contain the key."""
    with pytest.raises(ConfigurationError) as raised:
        CampfireProvider("sandbox-key", base_url=wrong)
    error = raised.value
    assert error.__traceback__ is not None
    error.__traceback__ = (
        error.__traceback__.tb_next
    )  # but for the test's own frame, which has what the test gave
    shown = "".join(
        traceback.TracebackException.from_exception(error, capture_locals=True).format()
    )
    assert "base_url" in shown
    assert "sandbox-key" not in shown


@pytest.mark.parametrize(
    "key", ["campfire-live-0123456789", "campfire", "invoice/", "58700000", "https://", "payments"]
)
async def test_own_words_stay_readable(raw_server: RawServers, key: str) -> None:
    """A key that looks like a common word removes nothing from paysdk's own words."""

    async def respond(_number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(status(404, b'{"detail": "Not there."}'))

    server = await raw_server(respond)
    async with CampfireProvider(key, base_url=server.url) as provider:
        with pytest.raises(APIError) as raised:
            await provider.retrieve_invoice(58700000)
    error = raised.value
    url = f"{server.url}/coa/api/v1/invoice/58700000/"
    assert ("campfire", "GET", url) == (error.provider, error.method, error.url)
    assert f"404 Not there. [campfire: GET {url}]" == str(error)


@pytest.mark.parametrize(
    "key", ["campfire-live-0123456789", "campfire", "payments", "results[", "58700000"]
)
async def test_path_of_a_record_stays_readable(raw_server: RawServers, key: str) -> None:
    """The error of a record keeps the path, and removes what the record repeats."""

    async def respond(_number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(json_of({"results": [PAYMENT | {"amount": f"x {key}"}], "next": None}))

    server = await raw_server(respond)
    async with CampfireProvider(key, base_url=server.url) as provider:
        with pytest.raises(MalformedResponseError) as raised:
            await provider.list_payments().collect()
    error = raised.value
    assert ("campfire", "$.results[0].amount") == (error.provider, error.path)
    assert (
        "The response cannot be read: Expected a decimal number, got 'x ***', at "
        "$.results[0].amount. [campfire: GET " in str(error)
    )


async def test_closed_provider_names_itself() -> None:
    """An error about a setting or about closing is not redacted."""
    provider = CampfireProvider("campfire-live-0123456789", base_url="http://127.0.0.1:1")
    await provider.aclose()
    with pytest.raises(ConfigurationError, match="This campfire provider is closed"):
        await provider.list_payments().collect()


async def test_token_that_expires_during_a_listing(raw_server: RawServers) -> None:
    """The callable is called once more, and the listing is complete."""
    valid = ["token-number-1"]

    async def key() -> str:
        return valid[-1]

    async def respond(number: int, writer: asyncio.StreamWriter) -> None:
        if number == 6:
            valid.append("token-number-2")
        sent = server.requests[-1]
        page = len(
            [one for one in server.requests if b"Token " + valid[-1].encode() in one or number < 6]
        )
        if f"Token {valid[-1]}".encode() not in sent:
            writer.write(status(401, b'{"detail": "Token expired."}'))
            return
        last = page >= 10
        writer.write(
            json_of(
                {
                    "results": [PAYMENT | {"id": number}],
                    "next": None if last else f"?cursor=c{number}",
                }
            )
        )

    server = await raw_server(respond)
    async with CampfireProvider(key, base_url=server.url) as provider:
        payments = await provider.list_payments().collect()
    assert len(payments) == len({payment.id for payment in payments}) >= 10

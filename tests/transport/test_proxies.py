"""Tests that no error shows the password of a proxy."""

from __future__ import annotations

import base64
import warnings
from typing import TYPE_CHECKING

import aiohttp
import pytest

from paysdk.errors import APIError, ConnectionFailedError, PaysdkError
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.transport.policy import RetryPolicy
from paysdk.transport.proxies import find_proxy_passwords

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from tests.conftest import RawServers

ONCE = RetryPolicy(attempts=1)
LOGIN = base64.b64encode(b"user:pass w0rd").decode()


def refusing(status: str, body: bytes) -> Callable[[int, asyncio.StreamWriter], object]:
    """Return a proxy that refuses, and repeats what it received."""

    async def respond(_number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(
            f"HTTP/1.1 {status}\r\nX-Request-Id: {LOGIN}\r\n".encode()
            + f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        await writer.drain()

    return respond


async def test_proxy_that_refuses_a_tunnel(
    raw_server: RawServers, told_by: Callable[[BaseException], str]
) -> None:
    """The error names the proxy, its response and what to check, without the password."""
    proxy = await raw_server(refusing("407 pass w0rd", b""))  # type: ignore[arg-type]  # it is awaited
    address = proxy.url.replace("http://", "http://user:pass%20w0rd@")
    async with (
        aiohttp.ClientSession(proxy=address) as session,
        CampfireProvider(
            "sandbox-key", base_url="https://api.example.com", session=session, retry=ONCE
        ) as provider,
    ):
        with pytest.raises(
            ConnectionFailedError,
            match=r"The proxy made no connection .* 407 \*\*\*\. Check the proxy",
        ) as raised:
            await provider.retrieve_invoice(1)
    assert raised.value.never_sent
    assert b"CONNECT api.example.com:443" in proxy.requests[0]
    told = told_by(raised.value)
    assert [] == [
        form for form in ("pass w0rd", "pass%20w0rd", LOGIN, "sandbox-key") if form in told
    ]


async def test_proxy_that_refuses_a_request(
    raw_server: RawServers, told_by: Callable[[BaseException], str]
) -> None:
    """The password is also removed from a body and headers that the proxy sends."""
    page = f"<html><title>Denied</title>{LOGIN}</html>".encode()
    proxy = await raw_server(refusing("407 No", page))  # type: ignore[arg-type]  # it is awaited
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer aiohttp has another way to say it
        session = aiohttp.ClientSession(
            proxy=proxy.url, proxy_auth=aiohttp.BasicAuth("user", "pass w0rd")
        )
    async with (
        session,
        CampfireProvider(
            "sandbox-key", base_url="http://127.0.0.1:1", session=session, retry=ONCE
        ) as provider,
    ):
        with pytest.raises(
            APIError, match=r"407 Denied\. Check the proxy of your session"
        ) as raised:
            await provider.retrieve_invoice(1)
    assert "***" == raised.value.request_id
    assert [] == [form for form in ("pass w0rd", LOGIN) if form in told_by(raised.value)]


@pytest.mark.parametrize("port", ["1", "99999"], ids=["nobody listens", "no port"])
async def test_proxy_that_cannot_be_reached(
    port: str, told_by: Callable[[BaseException], str]
) -> None:
    """The error about the proxy's address does not contain the password."""
    async with (
        aiohttp.ClientSession(proxy=f"http://user:s3cret@127.0.0.1:{port}") as session,
        CampfireProvider(
            "sandbox-key", base_url="https://api.example.com", session=session, retry=ONCE
        ) as provider,
    ):
        with pytest.raises(PaysdkError) as raised:
            await provider.retrieve_invoice(1)
    assert "s3cret" not in told_by(raised.value)


async def test_passwords_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The passwords of proxies from the environment are found, too."""
    monkeypatch.setenv("HTTPS_PROXY", "http://user:s3cret@127.0.0.1:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://[")
    login = base64.b64encode(b"user:s3cret").decode()
    async with aiohttp.ClientSession() as plain, aiohttp.ClientSession(trust_env=True) as trusting:
        assert () == find_proxy_passwords(plain)
        assert {login, "s3cret"} == set(find_proxy_passwords(trusting))


async def test_password_in_a_header_of_the_session() -> None:
    """The password in a header is found, encoded or not."""
    login = base64.b64encode(b"user:s3cret").decode()
    async with aiohttp.ClientSession(headers={"Proxy-Authorization": f"Basic {login}"}) as session:
        assert (login, "s3cret") == find_proxy_passwords(session)
    async with aiohttp.ClientSession(headers={"Proxy-Authorization": "Bearer t0ken"}) as session:
        assert ("t0ken",) == find_proxy_passwords(session)

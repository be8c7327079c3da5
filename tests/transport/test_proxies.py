"""Tests of proxies: which one is used, and that no error shows its password."""

from __future__ import annotations

import base64
import os
import ssl
import subprocess
import sys
import warnings
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

import aiohttp
import pytest
import trustme
from aiohttp import web

from paysdk.errors import APIError, ConfigurationError, ConnectionFailedError, PaysdkError
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.testing import open_sandbox
from paysdk.transport.policy import RetryPolicy
from paysdk.transport.proxies import find_proxy, find_proxy_passwords

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.conftest import RawServers, Until

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
    proxy = await raw_server(refusing("407 pass w0rd", b""))  # type: ignore[arg-type]  # awaited
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
    monkeypatch.setenv("HTTP_PROXY", "http://[")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:s3cret@127.0.0.1:3128")
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
    async with aiohttp.ClientSession(headers={"Proxy-Authorization": "t0k3."}) as session:
        assert ("t0k3.",) == find_proxy_passwords(session)
    login = base64.b64encode(b"user:with:colon").decode()
    async with aiohttp.ClientSession(headers={"Proxy-Authorization": f"Basic {login}"}) as session:
        assert (login, "with:colon") == find_proxy_passwords(session)
    login = base64.b64encode("user:g\u00e9heim".encode("latin-1")).decode()
    async with aiohttp.ClientSession(headers={"Proxy-Authorization": f"Basic {login}"}) as session:
        assert "g\u00e9heim" in find_proxy_passwords(session)


async def test_passwords_of_every_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session may have one proxy of its own, one in its headers, and one in the environment."""
    monkeypatch.setenv("HTTPS_PROXY", "http://:fr0m-env@127.0.0.1:3128")
    async with aiohttp.ClientSession(
        headers={"Proxy-Authorization": "Bearer in-header"},
        proxy="http://user:0f-session@127.0.0.1:3128",
        trust_env=True,
    ) as session:
        found = find_proxy_passwords(session)
    logins = {base64.b64encode(each).decode() for each in (b"user:0f-session", b":fr0m-env")}
    assert {"in-header", "0f-session", "fr0m-env", *logins} == set(found)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
async def test_password_that_is_not_ascii(
    encoding: str, raw_server: RawServers, told_by: Callable[[BaseException], str]
) -> None:
    """A proxy may repeat the password as bytes of either encoding, also where HTTP is broken."""
    sent = "g\u00e9heim".encode(encoding)
    login = base64.b64encode(b"user:" + sent)

    async def respond(number: int, writer: asyncio.StreamWriter) -> None:
        start = b"HTTP/1.1 407 " if number == 0 else b"What? "
        writer.write(start + sent + b" " + login + b"\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    proxy = await raw_server(respond)
    address = proxy.url.replace("http://", "http://user:g%C3%A9heim@")
    async with (
        aiohttp.ClientSession(proxy=address) as session,
        CampfireProvider(
            "sandbox-key", base_url="https://api.example.com", session=session, retry=ONCE
        ) as provider,
    ):
        for _ in range(2):
            with pytest.raises(ConnectionFailedError, match=r"\*\*\* \*\*\*") as raised:
                await provider.retrieve_invoice(1)
            told = told_by(raised.value)
            assert [] == [form for form in ("heim", login.decode()) if form in told]


async def test_password_in_netrc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The password in netrc, which aiohttp sends to a proxy of the environment, is found."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    (file := tmp_path / "netrc").write_text("machine proxy.example.com login user password s3cret")
    login = base64.b64encode(b"user:s3cret").decode()
    async with aiohttp.ClientSession(trust_env=True) as session:
        monkeypatch.setenv("NETRC", str(file))
        assert {login, "s3cret"} == set(find_proxy_passwords(session))
        file.write_text("machine other.example.com login user password s3cret")
        assert () == find_proxy_passwords(session)
        monkeypatch.setenv("NETRC", str(tmp_path / "missing"))
        assert () == find_proxy_passwords(session)


@pytest.mark.parametrize(("system", "name"), [("posix", ".netrc"), ("nt", "_netrc")])
async def test_password_in_netrc_of_the_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str, name: str
) -> None:
    """Without ``NETRC``, the file is in the home, and its name is that of the system."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    monkeypatch.setattr(
        "paysdk.transport.proxies.os", SimpleNamespace(name=system, environ=os.environ)
    )
    (tmp_path / name).write_text("machine proxy.example.com login user password s3cret")
    login = base64.b64encode(b"user:s3cret").decode()
    async with aiohttp.ClientSession(trust_env=True) as session:
        assert {login, "s3cret"} == set(find_proxy_passwords(session))


@pytest.mark.parametrize(
    ("entry", "login", "password"),
    [
        ("account acme password s3cret", b"acme:s3cret", "s3cret"),
        ("login user", b"user:", ""),
    ],
)
async def test_netrc_with_an_account_or_without_a_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, entry: str, login: bytes, password: str
) -> None:
    """The account counts if there is no login, and a missing password is empty."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    (file := tmp_path / "netrc").write_text(f"machine proxy.example.com {entry}")
    monkeypatch.setenv("NETRC", str(file))
    async with aiohttp.ClientSession(trust_env=True) as session:
        found = set(find_proxy_passwords(session))
    assert {base64.b64encode(login).decode(), password} == found


async def test_password_that_latin_1_does_not_have() -> None:
    """A password that one encoding does not have is sent in the other."""
    async with aiohttp.ClientSession(proxy="http://user:\u5bc6\u7801\u5b57@127.0.0.1:1") as session:
        found = find_proxy_passwords(session)
    assert "\u5bc6\u7801\u5b57" in found
    assert base64.b64encode("user:\u5bc6\u7801\u5b57".encode()).decode() in found


VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set the variables of proxies, and no others."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)

    def set_variables(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_variables


@pytest.mark.parametrize(
    ("variables", "origin", "proxy"),
    [
        ({}, "https://api.example.com", None),
        ({"HTTPS_PROXY": "http://proxy:1"}, "https://api.example.com", "http://proxy:1"),
        ({"https_proxy": "http://proxy:1"}, "https://api.example.com/v2", "http://proxy:1"),
        ({"HTTPS_PROXY": "proxy:1"}, "https://api.example.com", "http://proxy:1"),
        ({"HTTPS_PROXY": "https://proxy:1"}, "https://api.example.com", "https://proxy:1"),
        ({"HTTPS_PROXY": ""}, "https://api.example.com", None),
        ({"HTTP_PROXY": "http://proxy:1"}, "https://api.example.com", None),
        ({"HTTP_PROXY": "http://proxy:1"}, "http://api.example.com", "http://proxy:1"),
        ({"ALL_PROXY": "http://proxy:1"}, "https://api.example.com", "http://proxy:1"),
        ({"HTTPS_PROXY": "http://proxy:1"}, "https://127.0.0.1:8443", None),
        ({"HTTPS_PROXY": "http://proxy:1"}, "https://[::1]:8443", None),
        ({"HTTPS_PROXY": "http://proxy:1"}, "https://localhost", None),
        (
            {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "other,example.com"},
            "https://api.example.com",
            None,
        ),
        (
            {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "api.example.com:8443"},
            "https://api.example.com:8443",
            None,
        ),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "*"}, "https://api.example.com", None),
        *(
            ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": excluded}, origin, None)
            for excluded, origin in [
                ("*.example.com", "https://api.example.com"),
                (".EXAMPLE.com", "https://api.example.com"),
                ("other api.example.com", "https://api.example.com"),
                ("api.example.com:443", "https://api.example.com"),
                ("10.0.0.0/8", "https://10.1.2.3:8443"),
                ("10.9.9.9/8", "https://10.1.2.3:8443"),
                ("10.1.2.3", "https://10.1.2.3:8443"),
                ("10.1.2.3:8443", "https://10.1.2.3:8443"),
                ("fd00::/8", "https://[fd00::2]:8443"),
                ("fd00:0::2", "https://[fd00::2]"),
                ("[fd00::2]", "https://[fd00::2]"),
                ("[FD00:0::2]", "https://[fd00::2]"),
                ("[fd00::2]:8443", "https://[fd00::2]:8443"),
            ]
        ),
        *(
            ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": excluded}, origin, "http://proxy:1")
            for excluded, origin in [
                ("*.example.com,", "https://badexample.com"),
                ("api.example.com:8443", "https://api.example.com"),
                ("*.example.com:x", "https://api.example.com"),
                ("*. .", "https://api.example.com"),
                ("[::1", "https://api.example.com"),
                ("10.0.0.0/8", "https://11.1.2.3"),
                ("10.0.0.0/99", "https://10.1.2.3"),
                ("fd00::/8", "https://10.1.2.3"),
                ("[fd00::2]:8443", "https://[fd00::2]"),
                ("10.0.0.0/8", "https://api.example.com"),
            ]
        ),
    ],
)
def test_the_proxy_of_the_environment(
    environment: Callable[..., None],
    variables: dict[str, str],
    origin: str,
    proxy: str | None,
) -> None:
    """The usual variables name the proxy, and loopback needs none."""
    environment(**variables)
    assert proxy == find_proxy(origin)


@pytest.mark.parametrize(
    "proxy", ["socks5://user:s3cret@proxy:1", "http://", "http://proxy:s3cret"]
)
def test_a_proxy_that_cannot_be_used_is_refused(
    environment: Callable[..., None], proxy: str
) -> None:
    """The error names the variables and not the value, which may have a password."""
    environment(HTTPS_PROXY=proxy)
    with pytest.raises(ConfigurationError, match="in HTTPS_PROXY or ALL_PROXY is not") as raised:
        CampfireProvider("sandbox-key", trust_env=True)
    assert "s3cret" not in str(raised.value)


class RealProxy:
    """proxy.py, in a process of its own, with a user and a password."""

    def __init__(self, folder: Path) -> None:
        self._port_file = folder / "port"
        self.log = folder / "log"
        options = ["--port", "0", "--port-file", str(self._port_file), "--log-file", str(self.log)]
        limits = ["--num-workers", "1", "--num-acceptors", "1", "--basic-auth", "user:s3cret"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "proxy", "--hostname", "127.0.0.1", *options, *limits],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @property
    def port(self) -> str:
        """The port, once the proxy listens."""
        return self._port_file.read_text().strip() if self._port_file.exists() else ""


@pytest.fixture
async def proxy(tmp_path: Path, until: Until) -> AsyncIterator[RealProxy]:
    """A proxy that paysdk did not write."""
    running = RealProxy(tmp_path)
    try:
        await until(lambda: running.port)
        yield running
    finally:
        running.process.terminate()
        running.process.wait()


@asynccontextmanager
async def serve_behind_tls(authority: trustme.CA, url: str) -> AsyncIterator[str]:
    """Serve what is at *url* over https, with a certificate of *authority*."""

    async def forward(request: web.Request) -> web.Response:
        headers = {"Authorization": request.headers["Authorization"]}
        async with (
            aiohttp.ClientSession() as session,
            session.get(url + str(request.rel_url), headers=headers) as response,
        ):
            body = await response.read()
            return web.Response(body=body, content_type="application/json", status=response.status)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    app = web.Application()
    app.router.add_get("/{path:.*}", forward)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        yield f"https://localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_listing_through_a_real_proxy(
    environment: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    proxy: RealProxy,
    until: Until,
) -> None:
    """A listing goes through a tunnel, to a server of a private CA that wants a certificate."""
    # The proxy of this test can reach loopback, because it is on this machine.
    monkeypatch.setattr("paysdk.transport.proxies.is_loopback", lambda _host: False)
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    authority.issue_cert("client@example.com").configure_cert(context)
    async with (
        open_sandbox("campfire", payments=25) as sandbox,
        serve_behind_tls(authority, sandbox.url) as url,
    ):
        environment(HTTPS_PROXY=f"http://user:s3cret@127.0.0.1:{proxy.port}")
        async with CampfireProvider(
            sandbox.api_key, base_url=url, trust_env=True, ssl_context=context, retry=ONCE
        ) as provider:
            assert 25 == len(await provider.list_payments().collect())
        await until(lambda: f"CONNECT localhost:{url.rpartition(':')[2]}" in proxy.log.read_text())


async def test_a_real_proxy_that_refuses_the_password(
    environment: Callable[..., None],
    proxy: RealProxy,
    told_by: Callable[[BaseException], str],
) -> None:
    """The error says what to check, and does not contain the password."""
    environment(HTTPS_PROXY=f"http://user:wr0ng@127.0.0.1:{proxy.port}")
    async with CampfireProvider(
        "sandbox-key", base_url="https://api.example.com", trust_env=True, retry=ONCE
    ) as provider:
        with pytest.raises(ConnectionFailedError, match="responded 407") as raised:
            await provider.retrieve_invoice(1)
    assert "wr0ng" not in told_by(raised.value)


async def test_a_login_of_netrc_does_not_replace_the_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A session that trusts the environment reads ~/.netrc, and the API still gets the key."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    async with (
        open_sandbox("campfire", payments=5) as sandbox,
        aiohttp.ClientSession(trust_env=True) as session,
        CampfireProvider(sandbox.api_key, base_url=sandbox.url, session=session) as provider,
    ):
        assert 5 == len(await provider.list_payments().collect())

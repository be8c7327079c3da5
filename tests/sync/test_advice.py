"""Explain the errors of the databases."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import sqlalchemy as sa

from paysdk import CustomerRef
from paysdk.sync import SQLPaymentStore, StoreError, sync_payments
from paysdk.sync.advice import describe, is_temporary

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk import Payment

    from .conftest import Shelf

    Make = Callable[..., Payment]
    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]

ROLES = (
    "CREATE ROLE ann LOGIN",
    "CREATE ROLE away NOLOGIN",
    "CREATE ROLE crowd LOGIN CONNECTION LIMIT 0",
    "CREATE ROLE looker LOGIN SUPERUSER",
    "ALTER ROLE looker SET default_transaction_read_only = on",
    "ALTER ROLE looker SET default_transaction_isolation = serializable",
)


@pytest.fixture(scope="module")
def server(postgresql: str) -> str:
    """The folder of a server with some roles and databases."""
    with psycopg.connect(postgresql, autocommit=True) as connection:
        for statement in ROLES:
            connection.execute(statement)
        for encoding in ("LATIN1", "SQL_ASCII"):
            connection.execute(
                f"CREATE DATABASE {encoding} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE "
                "'C' LC_CTYPE 'C'"
            )
        connection.execute('CREATE DATABASE "password"')
    return parse_qs(urlsplit(postgresql).query)["host"][0]


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        (
            "postgresql://ann:letmein@127.0.0.1:1/x",
            "Connection refused. Check that the server runs there",
        ),
        (
            "postgresql://ann:letmein@/x?host=/tmp/nothing",
            "No such file or directory. Check that the server runs there",
        ),
        ("postgresql://ann:letmein@db.invalid/x", "Correct the host in the URL"),
        (
            "postgresql://postgres@/nothing?host={0}",
            'database "nothing" does not exist. Create the database',
        ),
        (
            "postgresql://postgres@/readonly?host={0}",
            'database "readonly" does not exist. Create the database',
        ),
        (
            "postgresql://nobody@/postgres?host={0}",
            'role "nobody" does not exist. Correct the user in the URL',
        ),
        (
            "postgresql://away@/postgres?host={0}",
            "is not permitted to log in. Correct the user in the URL",
        ),
        (
            "postgresql://crowd@/postgres?host={0}",
            "too many connections for role .* It has no free connection. End other programs",
        ),
        (
            "postgresql://ann@/password?host={0}",
            "permission denied for schema public. Grant the user this right",
        ),
        (
            "postgresql://ann@/password?host={0}&schema=books",
            "permission denied for database password. Grant the user this right",
        ),
        (
            "postgresql://looker@/password?host={0}",
            "in a read-only transaction. It is read-only. Make it writable",
        ),
        (
            "postgresql://postgres@/postgres?host={0}&wobble=letmein",
            'invalid connection option "wobble". Correct the options of the URL',
        ),
        (
            "postgresql://postgres@/postgres?host={0}&sslmode=letmein",
            "invalid sslmode value. Correct the options of the URL",
        ),
        (
            "postgresql://postgres@/postgres?host={0}&connect_timeout=letmein",
            "bad value for connect_timeout. Correct the options",
        ),
        (
            "postgresql://postgres@/postgres?host={0}&connect_timeout=1&connect_timeout=2",
            "bad value for connect_timeout. Correct",
        ),
        (
            "postgresql://postgres@/postgres?host={0}&target_session_attrs=standby",
            "No server in the URL is of the kind that target_session",
        ),
        (
            "postgresql://postgres@/postgres?host={0}&target_session_attrs=letmein",
            "invalid target_session_attrs value. Correct the options",
        ),
        (
            "postgresql://postgres@/postgres?host={0}&options=-cwobble%3D1",
            "unrecognized configuration parameter .* Correct the options",
        ),
        (
            "postgresql://postgres@/postgres?host={0}&options=-csearch_path%3Dnothing",
            "no schema has been selected .* Create that schema, or grant the user USAGE",
        ),
        (
            "postgresql://postgres@/postgres?host={0}&schema=pg_books",
            "unacceptable schema name .* Give the schema another name",
        ),
    ],
)
async def test_each_fault_has_its_own_advice(
    server: str, url: str, advice: str, told_by: Callable[[BaseException], str]
) -> None:
    """The message shows no value of an option, because that may be a password."""
    with pytest.raises(StoreError, match=advice) as caught:
        await SQLPaymentStore(url.format(server)).__aenter__()

    assert "letmein" not in str(caught.value)
    assert "letmein" not in told_by(caught.value).replace(repr(url.format(server)), "")
    assert ("the user" in str(caught.value)) == ("the user" in advice)


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (
            'FATAL:  password authentication failed for user "x"',
            "Correct the user or the password, in the URL",
        ),
        ("fe_sendauth: no password supplied", "Correct the user or the password, in the URL"),
        ("FATAL:  SASL authentication failed", "Correct the user or the password, in the URL"),
        (
            'FATAL:  no pg_hba.conf entry for host "::1", user "x", database "y", no encryption',
            "pg_hba.conf needs an entry",
        ),
        ("FATAL:  sorry, too many clients already", "It has no free connection"),
        (
            (
                "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER "
                "attribute"
            ),
            "It has no free connection",
        ),
        ("FATAL:  no more connections allowed (max_client_conn)", "It has no free connection"),
        (
            "FATAL:  no such database: books",
            "Create the database, or correct its name in the URL and in the pooler's",
        ),
        ("FATAL:  query_wait_timeout", "Raise its pool size"),
        (
            "FATAL:  server login has been failing, try again later (server_login_retry)",
            "The pooler cannot reach its server",
        ),
        ("FATAL:  the database system is starting up", "Try again when it responds"),
        ("FATAL:  the database system is shutting down", "Try again when it responds"),
        ("the connection is closed", "Try again when it responds"),
        ("server does not support SSL, but SSL was required", "Correct sslmode"),
        ("SSL error: certificate verify failed", "Correct sslmode or the certificates"),
        (
            "received invalid response to SSL negotiation: H",
            "The program that responds there is not PostgreSQL",
        ),
        ("database disk image is malformed", "The file is damaged"),
        ("QueuePool limit of size 5 overflow 10 reached", "Close the iterators"),
        ("connection timeout expired", "Check that the server runs there"),
        ('root certificate file "/root.crt" does not exist', "Correct sslmode or the certificates"),
        ('could not load private key file "/key": bad password', "Correct sslmode"),
        ('private key file "/key" has group or world access', "Correct sslmode"),
        ('weak sslmode "prefer" may not be used with sslrootcert=system', "Correct sslmode"),
        ("channel binding required, but server authenticated client without", "Correct sslmode"),
        ('FATAL:  certificate authentication failed for user "x"', "Correct sslmode"),
        ("SSL connection has been closed unexpectedly", "Try again when it responds"),
        ("SSL SYSCALL error: EOF detected", "Try again when it responds"),
        (
            (
                "terminating connection due to administrator command\nSSL connection has been "
                "closed unexpectedly"
            ),
            "Try again when it responds",
        ),
        ("could not receive data from server: Connection timed out", "Try again when it responds"),
        ("FATAL:  the database system is not yet accepting connections", "Try again when it"),
        ("FATAL:  client_login_timeout", "Try again when it responds"),
        ('FATAL:  Peer authentication failed for user "x"', "the operating system's user"),
        ('FATAL:  Ident authentication failed for user "x"', "the operating system's user"),
        ('FATAL:  LDAP authentication failed for user "x"', "Correct the user or the password"),
        ("ERROR:  auth failed", "Correct the user or the password"),
        (
            'FATAL:  server login failed: FATAL password authentication failed for user "x"',
            "The pooler cannot log in to its server",
        ),
        ("FATAL:  pgbouncer cannot connect to server", "The pooler cannot log in to its server"),
        ("FATAL:  bouncer config error", "The pooler cannot log in to its server"),
        ("FATAL:  no such user: x", "add it to the pooler's list of users"),
        ('FATAL:  database "books" is disabled', "accepts no connections"),
        (
            'FATAL:  database "books" is not currently accepting connections',
            "accepts no connections",
        ),
        ('FATAL:  permission denied for database "books"', "the right to connect"),
        ("ERROR:  transaction blocks not allowed in statement pooling mode", "Set pool_mode"),
        ('definition of service "x" not found', "Correct the options of the URL"),
        ('service file "/x" not found', "Correct the options of the URL"),
        ('invalid port number: "99999"', "Correct the port in the URL"),
        ("could not match 2 port numbers to 1 hosts", "Correct the hosts and the ports"),
        ('type "json" does not exist', "Nothing was written."),
        ("locking protocol", "on a disk of this machine"),
        ("something that is new", "Nothing was written."),
    ],
)
def test_an_error_without_a_code_is_known_by_its_words(answer: str, advice: str) -> None:
    """The advice for an error without a connection depends on the words of its message."""
    assert (
        advice
        in describe(
            psycopg.OperationalError(
                f"connection failed: {answer}" if "FATAL" in answer else answer
            )
        )[1]
    )


@pytest.mark.parametrize(
    ("state", "advice"),
    [
        ("08006", "Try again when it responds"),
        ("22P05", "ENCODING 'UTF8'"),
        ("25P03", "stalled during a transaction"),
        ("40P01", "writing to the same rows"),
        ("42P01", "Another program has changed the tables"),
        ("53100", "Free some disk space"),
        ("53300", "It has no free connection"),
        ("54000", "too long for an index"),
        ("55P03", "locked its rows"),
        ("57014", "statement_timeout"),
        ("57P01", "Try again when it responds"),
    ],
)
def test_an_error_with_a_code_is_known_by_its_code(state: str, advice: str) -> None:
    """The advice is the same in each language of the server."""
    reason, advised = describe(_answer(state))

    assert "Das geht nicht" == reason
    assert advice in advised


@pytest.mark.parametrize(
    ("state", "temporary"),
    [
        *((state, True) for state in ("08006", "25P03", "40P01", "53100", "53300", "55P03")),
        *((state, True) for state in ("57014", "57P01")),
        *((state, False) for state in ("22P05", "3D000", "42501", "42P01", "54000", "XX000")),
    ],
)
def test_only_what_may_pass_is_temporary(state: str, *, temporary: bool) -> None:
    """An outage, a lock or a full disk may be gone later. Missing rights or tables stay missing."""
    _, advice = describe(_answer(state))

    assert temporary == is_temporary(advice)


async def test_a_refused_connection_may_be_a_wrong_url() -> None:
    """The host or the port may be wrong, so the error is not called temporary."""
    with pytest.raises(StoreError) as caught:
        async with SQLPaymentStore("postgresql://nobody@127.0.0.1:1/nothing"):
            pass

    assert not caught.value.is_temporary


def _answer(state: str) -> psycopg.Error:
    error: psycopg.Error = psycopg.errors.lookup(state)("Das geht nicht.")
    return error


async def test_the_advice_after_a_lost_connection_is_to_try_again(
    schema: str, shelf: Shelf, make: Make, rows: Rows
) -> None:
    """The next sync continues after a server ended the connection, as during a restart."""
    shelf.payments = [make(number, number) for number in range(6)]
    async with SQLPaymentStore(schema) as store:

        async def end_it(connection: AsyncConnection) -> None:
            pid = (await connection.exec_driver_sql("SELECT pg_backend_pid()")).scalar_one()
            async with await psycopg.AsyncConnection.connect(schema, autocommit=True) as other:
                await other.execute("SELECT pg_terminate_backend(%s, 60000)", [pid])
            await connection.exec_driver_sql("SELECT 1")

        with pytest.raises(
            StoreError, match=r"Try again when it responds\. The sync then continues"
        ):
            await store._database.in_transaction(end_it)
        assert 6 == (await sync_payments(shelf, store)).created
        assert [(6,)] == list(await rows(store, "SELECT count(*) FROM payments"))


async def test_an_id_that_is_too_long_for_an_index_is_refused(
    schema: str, shelf: Shelf, make: Make
) -> None:
    """PostgreSQL cannot hold an id that SQLite takes."""
    shelf.payments = [
        make(1, 1, id="".join(chr(0x4E00 + number * 7 % 20000) for number in range(4000)))
    ]
    async with SQLPaymentStore(schema) as store:
        with pytest.raises(
            StoreError, match="The id of a payment is too long for an index of PostgreSQL"
        ):
            await sync_payments(shelf, store)


@pytest.mark.parametrize("encoding", ["latin1", "sql_ascii"])
async def test_a_database_of_another_encoding_keeps_what_it_can(
    server: str, shelf: Shelf, make: Make, encoding: str
) -> None:
    """A name with an umlaut comes back as it was sent, and so does the journal of any order."""
    shelf.payments = [make(1, 1, customer=CustomerRef(name="Müller"), raw={"name": "Müller"})]
    async with SQLPaymentStore(
        f"postgresql://postgres@/{encoding}?host={server}&schema=umlaut"
    ) as store:
        await sync_payments(shelf, store)
        assert shelf.payments == [payment async for payment in store.payments(provider="acme")]
        assert [{"name": "Müller"}] == [
            payment.raw async for payment in store.payments(provider="acme")
        ]
        assert ["Müller"] == [
            change.after and change.after.customer and change.after.customer.name
            async for change in store.changes()
        ]
        shelf.payments.append(make(2, 2, customer=CustomerRef(name="株式会社")))
        if encoding == "latin1":
            with pytest.raises(
                StoreError, match="The encoding of this database cannot hold a string"
            ):
                await sync_payments(shelf, store)
        else:
            await sync_payments(shelf, store)
            assert shelf.payments == [payment async for payment in store.payments(provider="acme")]
        async with store.exclusive("株式会社"):
            pass


async def test_a_text_in_another_encoding_is_refused(
    server: str, shelf: Shelf, make: Make, rows: Rows
) -> None:
    """Whatever the URL says, paysdk reads and writes UTF-8."""
    url = f"postgresql://postgres@/sql_ascii?host={server}&schema=bytes&client_encoding=sql_ascii"
    shelf.payments = [make(1, 1)]
    async with SQLPaymentStore(url) as store:
        with pytest.raises(
            StoreError, match=r"\(UnicodeEncodeError\). The encoding of this database cannot hold"
        ):
            await sync_payments(shelf, store, "\ud800")
        await sync_payments(shelf, store)
        await rows(store, r"UPDATE payments SET customer_name = E'M\xfcller'", writes=True)
        with pytest.raises(StoreError, match="a stored string has another encoding"):
            [payment async for payment in store.payments(provider="acme")]


async def test_the_isolation_level_of_the_server_does_not_matter(
    server: str, shelf: Shelf, make: Make
) -> None:
    """Leases work even if the user's default isolation level is serializable."""
    options = "-cdefault_transaction_read_only%3Doff"
    url = f"postgresql://looker@/postgres?host={server}&options={options}&schema=levels"
    shelf.payments = [make(1, 1)]
    async with SQLPaymentStore(url) as store:
        assert 1 == (await sync_payments(shelf, store)).created

        async def hold() -> None:
            async with store.exclusive("receipt-1"):
                await asyncio.sleep(0)

        await asyncio.gather(*(hold() for _ in range(10)))
        async with store._database.transaction(writes=True) as connection:
            assert (
                "read committed"
                == (await connection.execute(sa.text("SHOW transaction_isolation"))).scalar_one()
            )
    with suppress(StoreError):
        await store.aclose()

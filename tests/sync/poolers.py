"""Transaction poolers for the tests.

One is pgbouncer. The other refuses everything that some pooler does not support.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

# The startup parameters that each version of pgbouncer knows (its documentation,
# `track_extra_parameters`).
KNOWN = {
    "user",
    "database",
    "application_name",
    "client_encoding",
    "DateStyle",
    "TimeZone",
    "standard_conforming_strings",
}
_SSL, _GSS, _CANCEL = 80877103, 80877104, 80877102
# Statements whose effect outlives a transaction, or that need one session for longer.
_OF_A_SESSION = (
    "LISTEN",
    "PREPARE",
    "DEALLOCATE",
    "WITH HOLD",
    "PG_ADVISORY_LOCK",
    "PG_TRY_ADVISORY_LOCK",
    "TEMP ",
    "DISCARD",
    "RESET ",
)


def executables() -> list[str]:
    """Return the pgbouncers of this machine and of the environment variable."""
    installed = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
    named = os.environ.get("PAYSDK_PGBOUNCERS", "").split(os.pathsep)
    return [path for path in (installed, *named) if path]


@contextmanager
def pgbouncer(executable: str, sockets: str) -> Iterator[str]:
    """Run pgbouncer in transaction mode, and yield its URL.

    *sockets* is the folder of the server's sockets. All other settings are the defaults.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    owner = pwd.getpwuid(Path(sockets).stat().st_uid)
    with tempfile.TemporaryDirectory(prefix="paysdk-") as folder:
        settings = Path(folder, "pgbouncer.ini")
        settings.write_text(
            f"[databases]\n* = host={sockets} user=postgres\n"
            "[pgbouncer]\npool_mode = transaction\nauth_type = any\nlisten_addr = "
            f"127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        )
        command = [executable, "-q"]
        if os.geteuid() == 0:  # pgbouncer does not run as root
            shutil.chown(folder, owner.pw_name)
            command += ["-u", owner.pw_name]
        with subprocess.Popen(
            [*command, str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                while process.poll() is None:
                    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                        break
                    time.sleep(0.01)
                assert process.poll() is None
                yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
            finally:
                process.terminate()


@attrs.define
class StrictPooler:
    """Forwards each connection, and refuses what old poolers refuse.

    It records each message that would be wrong behind a pooler.
    """

    sockets: str
    wrong: list[str] = attrs.field(factory=list[str])
    transactions: int = 0
    refused: int = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve, and yield the URL."""
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(task := asyncio.create_task(self._serve(reader, writer)))
            await asyncio.wait([task])

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        try:
            yield f"postgresql://postgres@127.0.0.1:{server.sockets[0].getsockname()[1]}/postgres"
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._pass_on(reader, writer)
        finally:
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            size = await reader.readexactly(4)
            start = await reader.readexactly(int.from_bytes(size) - 4)
            match int.from_bytes(start[:4]):
                case code if code in {_SSL, _GSS}:
                    writer.write(b"N")
                case code if code == _CANCEL:
                    return
                case _:
                    break
        words = start[4:].rstrip(b"\0").decode().split("\0")
        if strange := dict(zip(words[::2], words[1::2], strict=True)).keys() - KNOWN:
            self.refused += 1
            told = f"SFATAL\0C08P01\0Munsupported startup parameter: {min(strange)}\0\0".encode()
            writer.write(b"E" + (len(told) + 4).to_bytes(4) + told)
            await writer.drain()
            return
        server_reader, server_writer = await asyncio.open_unix_connection(
            f"{self.sockets}/.s.PGSQL.5432"
        )
        server_writer.write(size + start)
        state = _Session(self)
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(_pump(reader, server_writer, state.asked))
                pumps.create_task(_pump(server_reader, writer, state.told, _hide_session))
        except* (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            server_writer.close()


@attrs.define
class _Session:
    pooler: StrictPooler
    in_transaction: bool = False

    def asked(self, kind: bytes, body: bytes) -> None:
        """Check a message of the client."""
        if kind == b"P":
            name, statement = body.split(b"\0")[:2]
            if name:
                self.pooler.wrong.append(f"prepared: {name!r} {statement!r}")
        elif kind == b"Q":
            statement = body.rstrip(b"\0")
        else:
            return
        words = statement.decode().upper()
        if any(word in words for word in _OF_A_SESSION):
            self.pooler.wrong.append(f"of a session: {words}")
        if words.startswith("BEGIN"):
            self.in_transaction = True
        if words.startswith("SET ") and not (
            words.startswith("SET LOCAL ") and self.in_transaction
        ):
            self.pooler.wrong.append(f"set: {words}")
        if "SET_CONFIG" in words and not self.in_transaction:
            self.pooler.wrong.append(f"set outside of a transaction: {words}")

    def told(self, kind: bytes, body: bytes) -> None:
        """Read a message of the server. ReadyForQuery says whether a transaction is open."""
        if kind == b"Z":
            self.pooler.transactions += self.in_transaction and body == b"I"
            self.in_transaction = body != b"I"


def _hide_session(kind: bytes, body: bytes) -> bytes:
    """Give the client another process id than the server's, as each pooler must."""
    return b"\x7f" + body[1:] if kind == b"K" else body


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    look: object,
    change: Callable[[bytes, bytes], bytes] = lambda _, body: body,
) -> None:
    assert callable(look)
    while True:
        head = await reader.readexactly(5)
        body = await reader.readexactly(int.from_bytes(head[1:]) - 4)
        look(head[:1], body)
        writer.write(head + change(head[:1], body))
        await writer.drain()

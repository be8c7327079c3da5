"""A real browser that shows a report: headless Chromium, which reads commands from a pipe."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
)
# With --remote-debugging-pipe, Chromium reads commands from 3 and writes its responses to 4.
START = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); "
    "os.execv(sys.argv[3], sys.argv[3:])"
)


@attrs.define
class Browser:
    """One tab. On the pipe, a NUL ends each message of the DevTools protocol."""

    _write: int
    _read: int
    _session: str = attrs.field(default="", init=False)
    _buffer: bytes = attrs.field(default=b"", init=False)
    _numbers: itertools.count[int] = attrs.field(factory=itertools.count, init=False)

    def open_tab(self) -> None:
        """Open the tab that the other methods use."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        self.send("Page.enable")

    def send(self, method: str, **params: object) -> Any:  # noqa: ANN401  # JSON
        """Send a command, and return its result."""
        number = next(self._numbers)
        message: dict[str, object] = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (response := self._next()).get("id") != number:
            pass
        assert "error" not in response, response
        return response["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            received = os.read(self._read, 1 << 20)
            assert received, "the browser has ended"
            self._buffer += received
        line, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(line)  # type: ignore[no-any-return]  # it is an object

    def show(self, html: str) -> None:
        """Show a page, which also runs its script."""
        frame = self.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        self.send("Page.setDocumentContent", frameId=frame, html=html)

    def resize(self, width: int, *, media: str = "screen", scheme: str = "light") -> None:
        """Give the window a width, and show what is for a screen or for print."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.send(
            "Emulation.setEmulatedMedia",
            media=media,
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )

    def run(self, script: str) -> Any:  # noqa: ANN401  # JSON
        """The value of a script."""
        found = self.send("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def screenshot(self) -> bytes:
        """The whole page as a PNG."""
        return base64.b64decode(
            self.send("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        )


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser that is on this machine. Without one, the test that asks for it is skipped."""
    path = os.environ.get("PAYSDK_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(
            "Chromium is not installed. The other tests in tests/reconcile/report/test_fitting.py "
            "check the page's rules without it."
        )
    profile = tmp_path_factory.mktemp("profile")
    flags = [
        "--headless",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-sync",
    ]
    flags += [
        "--disable-component-update",
        "--disable-dev-shm-usage",
        "--remote-debugging-pipe",
        f"--user-data-dir={profile}",
    ]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    (to_read, write), (read, to_write) = os.pipe(), os.pipe()
    command = [sys.executable, "-c", START, str(to_read), str(to_write), str(Path(path)), *flags]
    with subprocess.Popen(
        command, pass_fds=(to_read, to_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        os.close(to_read)
        os.close(to_write)
        started = Browser(write, read)
        try:
            started.open_tab()
            yield started
        finally:
            process.terminate()
            process.wait()
            os.close(write)
            os.close(read)

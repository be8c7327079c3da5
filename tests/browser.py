"""A real browser that shows a page: headless Chromium, which reads commands from a pipe."""

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

# Finds what a reader would see as cut off: a word that reaches out of the window, its cell or a box
# that clips, and an amount or a word of a reason on two lines.
LOOK = r"""
(() => {
  const found = [];
  const width = document.documentElement.clientWidth;
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  if (document.documentElement.scrollWidth > width) found.push("the page is wider than the window");
  const main = document.querySelector("main") ?? document.body;
  const texts = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
  let words = 0;
  while (texts.nextNode()) {
    const parent = texts.currentNode.parentElement;
    if (parent.closest("thead, svg, option, script")) continue;
    for (const word of texts.currentNode.textContent.matchAll(/\S+/g)) {
      const range = document.createRange();
      range.setStart(texts.currentNode, word.index);
      range.setEnd(texts.currentNode, word.index + word[0].length);
      const boxes = Array.from(range.getClientRects());
      const parts = boxes.filter((part) => part.width > 0);
      const isAmount = /^[+\u2212]?\d[\d,]*(\.\d+)?$/.test(word[0]);
      const whole = isAmount || parent.closest("[data-label=Why]");
      const lines = new Set(parts.map((part) => Math.round(part.top))).size;
      if (whole && lines > 1) found.push(`${word[0]} is on two lines`);
      words += parts.length > 0;
      for (let box = parent; box !== document.body; box = box.parentElement) {
        const clips = getComputedStyle(box).overflowX !== "visible";
        if (!clips && !box.matches("td, th, dd, .axis")) continue;
        const left = box.getBoundingClientRect().left - 1;
        const right = box.getBoundingClientRect().right + 1;
        const isCut = parts.some((part) => part.left < left || part.right > right);
        if (isCut) found.push(`${word[0]} is cut`);
      }
    }
  }
  return words > 100 ? found : ["nothing is shown"];
})()
"""


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
            "Chromium is not installed. Other tests in the same file check the page's rules "
            "without it."
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

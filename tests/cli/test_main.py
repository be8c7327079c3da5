"""``paysdk``, as a shell runs it."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from paysdk.cli import app, main

PAYSDK = str(Path(sysconfig.get_path("scripts"), "paysdk"))


def shell(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, with nothing in its environment but *settings*."""
    return subprocess.run(
        [PAYSDK, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath, **settings},
    )


def test_the_main_job_is_one_command() -> None:
    """Both providers' payments come as one table of plain text on stdout, and nothing else comes anywhere."""
    done = shell("list", "campfire", "notify", "--sandbox", "--sandbox-payments", "3")

    assert (0, "") == (done.returncode, done.stderr)
    lines = done.stdout.splitlines()
    assert ["Provider", "Date", "Invoice", "Customer", "Amount", "State"] == lines[0].split()
    assert 3 == sum(line.startswith("campfire  ") for line in lines)
    assert 3 == sum(line.startswith("notify  ") for line in lines)
    assert "campfire: 3 payments; notify: 3 payments, test key" == lines[-1]
    assert "\x1b" not in done.stdout


def test_data_and_messages_go_separate_ways() -> None:
    """What a program reads holds payments only."""
    done = shell(
        "list", "campfire", "notify", "--sandbox", "--sandbox-payments", "2", "--format", "jsonl"
    )

    assert ["campfire", "campfire", "notify", "notify"] == [
        json.loads(line)["provider"] for line in done.stdout.splitlines()
    ]
    assert "paysdk: campfire: 2 payments; notify: 2 payments, test key\n" == done.stderr


def test_a_missing_key_is_one_line() -> None:
    """Bad input ends with exit code 2 and says what to do."""
    done = shell("list", "campfire")

    assert (2, "") == (done.returncode, done.stdout)
    assert (
        "paysdk: There is no key for campfire: set PAYSDK_CAMPFIRE_API_KEY, or name a file that "
        "holds it with --key-file campfire=PATH. "
        "--sandbox needs none.\n"
    ) == done.stderr


def test_a_key_stays_out_of_sight() -> None:
    """A key that cannot be one is refused without being shown."""
    done = shell("list", "campfire", PAYSDK_CAMPFIRE_API_KEY="my hidden key")

    assert 2 == done.returncode
    assert "hidden" not in done.stdout + done.stderr


def test_a_reader_may_leave() -> None:
    """With ``| head`` the command ends quietly."""
    with subprocess.Popen(
        [PAYSDK, "list", "campfire", "--sandbox", "--format", "csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        assert command.stdout.readline().startswith("provider,id,amount")
        command.stdout.close()

        assert "" == command.stderr.read()
    assert 0 == command.returncode


@pytest.mark.parametrize(
    "arguments", [["--help"], [], ["list", "--help"], ["providers"]], ids=" ".join
)
def test_a_reader_may_never_come(arguments: list[str]) -> None:
    """With ``| true`` the command ends quietly too, whether it shows help or data."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [PAYSDK, *arguments], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writing)

    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_the_sandboxes(number: int, code: int) -> None:
    """The sandboxes run until Ctrl-C or another signal, and print what a shell can set at once."""
    with subprocess.Popen(
        [PAYSDK, "sandbox", "--payments", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stdout is not None
        settings = dict(
            command.stdout.readline().removeprefix("export ").strip().split("=", 1)
            for _ in range(4)
        )
        done = shell("list", "notify", "campfire", **settings)
        command.send_signal(number)
        _, messages = command.communicate()

    assert "notify: 2 payments, test key; campfire: 2 payments" == done.stdout.splitlines()[-1]
    assert code == command.returncode
    assert "Traceback" not in messages


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_that_comes_early_is_told_too(
    monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    """Also one that comes while the options are read."""
    monkeypatch.setattr(app, "Access", lambda **_: signal.raise_signal(number))
    monkeypatch.setattr(sys, "argv", ["paysdk", "list", "campfire"])

    assert code == main()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_is_told_by_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    """Also one that comes in the midst of the work."""

    class Interrupting(io.StringIO):
        def flush(self) -> None:
            signal.raise_signal(number)

    monkeypatch.setattr(sys, "stdout", Interrupting())
    monkeypatch.setattr(sys, "argv", ["paysdk", "sandbox", "notify"])

    assert code == main()


@pytest.mark.parametrize("missing", ["rich", "typer"])
def test_a_missing_extra_is_named(missing: str) -> None:
    """Without the extra, one line says how to get it."""
    source = (
        f"import sys; sys.modules[{missing!r}] = None; from paysdk.cli import main; "
        "sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False
    )

    assert (2, "") == (done.returncode, done.stdout)
    assert (
        f"paysdk: The command line needs {missing}, which is not installed: in the folder of "
        'paysdk, pip install ".[cli]"\n' == done.stderr
    )


def test_a_missing_extra_is_told_here_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same in this process, where its coverage is measured."""
    monkeypatch.delitem(sys.modules, "paysdk.cli.app", raising=False)
    monkeypatch.setitem(sys.modules, "typer", None)

    assert 2 == main()
    assert 'pip install ".[cli]"' in capsys.readouterr().err


def test_any_other_missing_module_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the extra would not mend is not blamed on it."""
    monkeypatch.delitem(sys.modules, "paysdk.cli.app", raising=False)
    monkeypatch.setitem(sys.modules, "paysdk.cli.providers", None)

    with pytest.raises(ModuleNotFoundError, match="providers"):
        main()


def test_closed_streams_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a shell closed both streams, the command does its work unheard."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "argv", ["paysdk", "list", "nowhere"])

    try:
        assert 2 == main()
    finally:
        sys.stdout.close()
        sys.stderr.close()

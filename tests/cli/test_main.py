"""``paysdk`` as a shell runs it."""

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

from paysdk.cli import main
from paysdk.cli.options import shared
from paysdk.distribution import __version__

PAYSDK = str(Path(sysconfig.get_path("scripts"), "paysdk"))


def shell(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command in its own process, with only *settings* in its environment."""
    return subprocess.run(
        [PAYSDK, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath, **settings},
    )


def test_the_main_job_is_one_command() -> None:
    """The payments of both providers are one plain table on stdout."""
    done = shell("list", "campfire", "notify", "--sandbox", "--sandbox-payments", "3")

    assert (0, "") == (done.returncode, done.stderr)
    lines = done.stdout.splitlines()
    assert ["Provider", "Date", "Invoice", "Customer", "Amount", "State"] == lines[0].split()
    assert 3 == sum(line.startswith("campfire  ") for line in lines)
    assert 3 == sum(line.startswith("notify  ") for line in lines)
    assert "campfire: 3 payments; notify: 3 payments, test key" == lines[-1]
    assert "\x1b" not in done.stdout


@pytest.mark.slow
def test_data_and_messages_have_separate_streams() -> None:
    """Stdout has only payments, and the summary goes to stderr."""
    done = shell(
        "list", "campfire", "notify", "--sandbox", "--sandbox-payments", "2", "--format", "jsonl"
    )

    assert ["campfire", "campfire", "notify", "notify"] == [
        json.loads(line)["provider"] for line in done.stdout.splitlines()
    ]
    assert "paysdk: campfire: 2 payments; notify: 2 payments, test key\n" == done.stderr


@pytest.mark.slow
def test_a_missing_key_is_one_line() -> None:
    """A missing key is exit code 2 and one line that says what to do."""
    done = shell("list", "campfire")

    assert (2, "") == (done.returncode, done.stdout)
    assert (
        "paysdk: No key for campfire: set PAYSDK_CAMPFIRE_API_KEY, or name a file that "
        "holds it with --key-file campfire=PATH. With --sandbox you need no key.\n"
    ) == done.stderr


@pytest.mark.slow
def test_a_wrong_key_is_not_printed() -> None:
    """A key that is refused is not printed."""
    done = shell("list", "campfire", PAYSDK_CAMPFIRE_API_KEY="my hidden key")

    assert 2 == done.returncode
    assert "hidden" not in done.stdout + done.stderr


@pytest.mark.slow
def test_a_reader_may_close_the_pipe() -> None:
    """With ``| head`` the command ends silently."""
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [["--help"], [], ["list", "--help"], ["providers"]], ids=" ".join
)
def test_a_pipe_may_be_closed_from_the_start(arguments: list[str]) -> None:
    """With ``| true`` the command ends silently, for help and for data."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [PAYSDK, *arguments], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writing)

    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_the_sandboxes(number: int, code: int) -> None:
    """The sandboxes print their variables and run until a signal."""
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
def test_an_early_signal_sets_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    """A signal during the parsing of options sets the exit code."""
    monkeypatch.setattr(shared, "ProviderSelection", lambda **_: signal.raise_signal(number))
    monkeypatch.setattr(sys, "argv", ["paysdk", "list", "campfire"])

    assert code == main()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_sets_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    """A signal during the work sets the exit code."""

    class Interrupting(io.StringIO):
        def flush(self) -> None:
            signal.raise_signal(number)

    monkeypatch.setattr(sys, "stdout", Interrupting())
    monkeypatch.setattr(sys, "argv", ["paysdk", "sandbox", "notify"])

    assert code == main()


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["rich", "typer"])
def test_a_missing_extra_is_named(missing: str) -> None:
    """Without the extra, one line says how to install it."""
    source = (
        f"import sys; sys.modules[{missing!r}] = None; from paysdk.cli import main; "
        "sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False
    )

    assert (2, "") == (done.returncode, done.stdout)
    assert (
        f"paysdk: The command line needs {missing}, which is not installed: "
        'pip install "paysdk-async[cli]"\n' == done.stderr
    )


def test_a_missing_extra_is_named_in_this_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same in this process, so that its coverage is measured."""
    monkeypatch.delitem(sys.modules, "paysdk.cli.app", raising=False)
    monkeypatch.delitem(sys.modules, "paysdk.cli.run", raising=False)
    monkeypatch.setitem(sys.modules, "typer", None)

    assert 2 == main()
    assert 'pip install "paysdk-async[cli]"' in capsys.readouterr().err


def test_any_other_missing_module_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other missing module is not mistaken for a missing extra."""
    monkeypatch.delitem(sys.modules, "paysdk.cli.app", raising=False)
    monkeypatch.delitem(sys.modules, "paysdk.cli.run", raising=False)
    monkeypatch.setitem(sys.modules, "paysdk.cli.commands.providers", None)

    with pytest.raises(ModuleNotFoundError, match="providers"):
        main()


def test_a_closed_stderr_does_not_stop_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the shell closed stderr, the exit code still tells the result."""
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "argv", ["paysdk", "list", "nowhere"])

    try:
        assert 2 == main()
    finally:
        sys.stderr.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [["list", "campfire", "--sandbox", "--format", "csv"], ["--help"]], ids=" ".join
)
def test_a_closed_stdout_is_an_error(arguments: list[str]) -> None:
    """If the shell closed stdout, the command is refused, because its output would be lost."""
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" "$@" >&-', PAYSDK, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )

    assert 2 == done.returncode
    assert (
        "paysdk: Standard output is closed, so the output has nowhere to go. To discard it, "
        "use >/dev/null.\n" == done.stderr
    )


def test_a_closed_stdout_is_an_error_in_this_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same in this process, so that its coverage is measured."""
    monkeypatch.setattr(sys, "stdout", None)
    code = main()
    monkeypatch.undo()

    assert (2, True) == (code, "Standard output is closed" in capsys.readouterr().err)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "campfire", "--sandbox", "--sandbox-payments", "300", "--format", "table"),
        ("list", "campfire", "--sandbox", "--sandbox-payments", "300", "--format", "csv"),
        ("list", "campfire", "--sandbox", "--sandbox-payments", "300", "--format", "jsonl"),
        ("--version",),
        ("--help",),
    ],
)
def test_a_full_disk_is_an_error(arguments: tuple[str, ...]) -> None:
    """If the output cannot be written, one line says so, and the exit code is 1."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [PAYSDK, *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert 1 == done.returncode
    assert (
        "paysdk: The output cannot be written: No space left on device. It is not complete.\n"
        == done.stderr
    )


@pytest.mark.slow
def test_the_reader_of_the_version_may_close_the_pipe() -> None:
    """It is not an error, as for any other command."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        done = subprocess.run(
            [PAYSDK, "--version"], stdout=pipe, stderr=subprocess.PIPE, text=True, check=False
        )

    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.slow
def test_the_version_is_shown_without_loading_the_commands() -> None:
    """`paysdk --version` needs no extra, and loads nothing that it does not show."""
    source = (
        "import sys; sys.argv = ['paysdk', '--version']; from paysdk.cli import main; main(); "
        "sys.exit('typer' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False
    )

    assert (0, f"paysdk {__version__}\n", "") == (done.returncode, done.stdout, done.stderr)


def test_the_version_is_shown_in_this_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same in this process, so that its coverage is measured."""
    monkeypatch.setattr(sys, "argv", ["paysdk", "--version"])

    assert 0 == main()
    assert f"paysdk {__version__}\n" == capsys.readouterr().out

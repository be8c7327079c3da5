"""Tests of the config file."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paysdk.cli.config import (
    describe_source,
    describe_unset,
    get_count,
    get_setting,
    list_settings,
    use_config,
)
from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Install

    from .conftest import Outcome

    Command = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def _acme(install: Install) -> None:
    """Other packages' providers, whose tables a config file may have."""
    for name in ("acme", "acme-pay", "other"):
        install(name, "")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write a config file."""

    def write_config(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_config


def test_a_setting_of_the_file_takes_the_place_of_its_variable(
    write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment overrides the file, and each source is named."""
    path = write('timeout = 5\nproxy = false\n[acme-pay]\nbase_url = "https://x.example"\n')
    use_config(path)
    monkeypatch.setenv("PAYSDK_TIMEOUT", "7")

    assert ("7", "PAYSDK_TIMEOUT") == (
        get_setting("PAYSDK_TIMEOUT"),
        describe_source("PAYSDK_TIMEOUT"),
    )
    assert "false" == get_setting("PAYSDK_PROXY")
    assert "https://x.example" == get_setting("PAYSDK_ACME_PAY_BASE_URL")
    assert f"{path}: [acme-pay] base_url" == describe_source("PAYSDK_ACME_PAY_BASE_URL")
    assert "PAYSDK_ACME_KEY" == describe_source("PAYSDK_ACME_KEY")
    assert {"PAYSDK_TIMEOUT": "7", "PAYSDK_PROXY": "false"}.items() <= list_settings().items()


def test_without_a_file_nothing_is_set() -> None:
    """A file in the usual place is not needed."""
    assert use_config(None).path is None
    assert get_setting("PAYSDK_TIMEOUT") is None


def test_the_file_in_the_usual_place_is_read(tmp_path: Path) -> None:
    """The file of this user needs no option."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.toml").write_text("retries = 2\n", encoding="utf-8")

    assert home / "config.toml" == use_config(None).path
    assert "2" == get_setting("PAYSDK_RETRIES")


def test_a_variable_names_the_file(
    write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PAYSDK_CONFIG names the file, and --config overrides it."""
    monkeypatch.setenv("PAYSDK_CONFIG", str(write("retries = 3\n")))
    use_config(None)

    assert "3" == get_setting("PAYSDK_RETRIES")


def test_keys_come_by_reference(
    write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file names a variable or a file, and does not hold the key."""
    monkeypatch.setenv("THE_KEY", "sandbox-key")
    use_config(write('[acme]\napi_key_variable = "THE_KEY"\n[other]\napi_key_file = "/key"\n'))

    assert "sandbox-key" == get_setting("PAYSDK_ACME_API_KEY")
    assert "/key" == get_setting("PAYSDK_OTHER_API_KEY_FILE")


def test_a_variable_that_is_not_set_gives_no_key(write: Callable[[str], Path]) -> None:
    """A key's variable without a value counts as no key."""
    use_config(write('[acme]\napi_key_variable = "NOT_SET"\n'))

    assert get_setting("PAYSDK_ACME_API_KEY") is None


def test_a_variable_that_is_not_set_is_named(
    write: Callable[[str], Path], paysdk: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the file, the table and the variable, and the environment needs no file."""
    path = write('[notify]\napi_key_variable = "NOTIFY_KEY"\n')
    reason = f"{path}: [notify] api_key_variable names NOTIFY_KEY, which is not set"
    listed = paysdk("--config", str(path), "list", "notify")

    assert (2, f"paysdk: No key for notify: {reason}. Set it, or") == (
        listed.code,
        listed.err[: len(f"paysdk: No key for notify: {reason}. Set it, or")],
    )
    monkeypatch.setenv("COLUMNS", "300")
    assert f"No key: {reason}." in paysdk("--config", str(path), "doctor").out
    monkeypatch.setenv("PAYSDK_NOTIFY_API_KEY", "sandbox-key")
    assert describe_unset("PAYSDK_NOTIFY_API_KEY") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("timeout = ", "is not valid TOML"),
        ("\udcff", "is not a text file in UTF-8"),
        (
            "time_out = 5",
            "time_out is not a setting. The settings at the top level are timeout, deadline",
        ),
        ("timeout = [5]", r"timeout must be a string, a number, or true or false, not \[5\]"),
        ("[acme]\ndate = 2026-01-01", r"\[acme\] date must be a string"),
        ("[acme]\nnested = { x = 1 }", r"\[acme\] nested must be a string"),
        ('[acme]\napi_key = "sandbox-key"', r"\[acme\] api_key: a config file holds no secret"),
        ('[acme]\nApi-Key = "sandbox-key"', r"\[acme\] api_key: a config file holds no secret"),
        (
            "[camfire]\ntimeout = 1",
            r"the table \[camfire\] does not name a provider\. The known ones are \[acme\], ",
        ),
        ("[acme]\nTimeout = 1", "'Timeout' is not a setting. Write it as timeout"),
        ('[acme]\nclient_secret = "x"', "Name a file with client_secret_file, or a variable with"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """The error names the file and the place in it, and does not repeat a secret."""
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigurationError, match=message) as raised:
        use_config(path)
    assert str(path) in str(raised.value)
    assert "sandbox-key" not in str(raised.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that was named must be there."""
    with pytest.raises(ConfigurationError, match=r"cannot be read: No such file"):
        use_config(tmp_path / "none.toml")


def test_a_signature_at_the_beginning_is_no_text(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbfretries = 4\r\n")
    use_config(path)

    assert "4" == get_setting("PAYSDK_RETRIES")


def test_a_folder_that_may_not_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the usual place is not ignored because its folder is closed."""

    def refuse(path: Path, *_: object) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refuse)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ConfigurationError, match=r"config\.toml cannot be read: Permission denied"):
        use_config(None)


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5", "²", "9" * 5000])
def test_a_count_is_a_whole_number(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Anything but a whole number above zero is refused."""
    monkeypatch.setenv("PAYSDK_CONCURRENCY", text)
    with pytest.raises(ConfigurationError, match="PAYSDK_CONCURRENCY must be a whole number"):
        get_count("PAYSDK_CONCURRENCY")


def test_a_count_of_the_file(write: Callable[[str], Path]) -> None:
    """A number of the file is read, too."""
    use_config(write("concurrency = 8\n"))

    assert 8 == get_count("PAYSDK_CONCURRENCY")


def test_a_command_reads_the_file(write: Callable[[str], Path], paysdk: Command) -> None:
    """An error about a setting names the place in the file."""
    path = write('[campfire]\nbase_url = "ftp://x"\napi_key_variable = "PATH"\n')
    outcome = paysdk("--config", str(path), "list", "campfire")

    assert 2 == outcome.code
    assert (
        f"campfire ({path}: [campfire] api_key_variable, {path}: [campfire] base_url): the base URL"
        in outcome.err.replace("\n", " ")
    )


def test_a_wrong_file_ends_the_command(write: Callable[[str], Path], paysdk: Command) -> None:
    """A config file that cannot be used is one line, and nothing is sent."""
    outcome = paysdk("--config", str(write("x = 1")), "providers")

    assert (2, "", 1) == (outcome.code, outcome.out, len(outcome.err.splitlines()))

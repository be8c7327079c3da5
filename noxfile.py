"""Every check that a change must pass: `nox` runs all, `nox -s tests-3.12` runs one part."""

from __future__ import annotations

import os
import random
import shutil
import sys
from pathlib import Path

import nox

SUPPORTED = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHONS = SUPPORTED if RUNNING in SUPPORTED else [*SUPPORTED, RUNNING]

nox.options.default_venv_backend = "uv"
# A Python that this machine does not have is skipped with a message, also on CI, and is never
# downloaded.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"
os.environ["UV_PYTHON_DOWNLOADS"] = "never"
# The tests run against the installed wheel, so the working directory must not come before it.
os.environ["PYTHONSAFEPATH"] = "1"
# Without bytecode, each of the many processes that the tests start would compile everything.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# pyenv's shims find active versions only. This makes all installed versions active.
PYENV_VERSIONS = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
os.environ["PYENV_VERSION"] = (
    ":".join(found.name for python in PYTHONS for found in PYENV_VERSIONS.glob(f"{python}.*"))
    or "system"
)
# The newest Python that is found. It runs every test, and its tracing loses no line.
MEASURED = next(
    (python for python in reversed(PYTHONS) if shutil.which(f"python{python}")), RUNNING
)
# The oldest Python that is found. `lowest` runs on it.
OLDEST = next((python for python in PYTHONS if shutil.which(f"python{python}")), RUNNING)
# `lowest` includes the tests that `tests` would run on the oldest Python.
BY_DEFAULT = [python for python in PYTHONS if python == MEASURED or python != OLDEST]
nox.options.sessions = [
    "lint",
    "types",
    *(f"tests-{python}" for python in BY_DEFAULT),
    "lowest",
    "coverage",
    "docs",
]
# Many tests wait for servers and other processes, so two cores have time for four workers. A worker
# that has no tests left takes some from another.
SIDE_BY_SIDE = ["-n", "4", "--dist", "worksteal"]
# The tests in these folders start databases, commands, hundreds of faults and pytest.
SLOW_FOLDERS = ("booking", "cli", "reconcile", "reliability", "sync", "testing")
WITHOUT_SLOW_FOLDERS = [f"--ignore=tests/{name}" for name in SLOW_FOLDERS]
QUICK = ["-m", "not slow", *WITHOUT_SLOW_FOLDERS]
# Measuring coverage doubles the time of a test, so it is measured in the tests that reach every
# branch without the others. The session `coverage` fails if they no longer do.
MEASURED_TESTS = ["-m", "not slow and not hypothesis"]
OTHER_TESTS = ["-m", "slow or hypothesis"]
# docs/contributing.md says why these tests are enough on each Python.
ON_OTHER_PYTHONS = ["-m", "not slow and not hypothesis", *WITHOUT_SLOW_FOLDERS]
# The other folders call every dependency that the tests in these folders call.
ON_LOWEST = ["-m", "not slow and not hypothesis"]
ON_LOWEST += [f"--ignore=tests/{name}" for name in ("booking", "reliability", "testing")]


WHEELS: list[Path] = []


def wheel(session: nox.Session) -> str:
    """Build a wheel from the tree, and return its path with the extras that the tests need.

    All sessions of one run share the wheel. It is the same for each Python.
    """
    if not WHEELS:
        folder = Path(session.create_tmp(), "wheel")
        shutil.rmtree(folder, ignore_errors=True)
        session.run("uv", "build", "--quiet", "--wheel", "--out-dir", str(folder), silent=True)
        WHEELS.extend(path.absolute() for path in folder.glob("*.whl"))
    (built,) = WHEELS
    return f"{built}[arrow,cli,workers,otel]"


@nox.session
def lint(session: nox.Session) -> None:
    """Style, format and layers."""
    session.install("--group", "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports", "--no-cache", env={"PYTHONSAFEPATH": ""})


@nox.session(
    default=False, reuse_venv=True, python=RUNNING if RUNNING in SUPPORTED else SUPPORTED[0]
)
def quick(session: nox.Session) -> None:
    """Style, layers, types and the fast tests, in an environment that nox keeps."""
    session.install("-e", ".[arrow,cli,workers,otel]", "--group", "lint", "--group", "types")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports", env={"PYTHONSAFEPATH": ""})
    session.run("mypy", "paysdk")
    session.run("pytest", "-q", *SIDE_BY_SIDE, *QUICK, *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """Strict types of the tree, and of user code against the installed wheel."""
    session.install(wheel(session), "--group", "types")
    session.run(
        "mypy", "paysdk", "tests", "docs/conf.py", "docs/_ext", "docs/examples", "noxfile.py"
    )
    session.run("pyright")
    session.run("pyright", "--verifytypes", "paysdk", "--ignoreexternal")
    with session.chdir("tests/typing"):
        session.run("mypy", "--config-file", "../../pyproject.toml", ".")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The tests against the installed wheel.

    The newest Python runs all tests. The others run the fast tests, like `quick`. `nox` without a
    session leaves the oldest Python to `lowest`, which also runs the databases and the commands.
    """
    session.install(wheel(session), "--group", "tests")
    pytest = ["pytest", *SIDE_BY_SIDE]
    env = {"COVERAGE_FILE": str(Path(f".coverage.{session.name}").absolute())}
    # Each worker writes its own file. Files of an earlier run would be counted too.
    session.run("coverage", "erase", env=env)
    if session.python != MEASURED:
        session.run(*pytest, *ON_OTHER_PYTHONS, *session.posargs)
    elif session.posargs:
        session.run("coverage", "run", "-m", *pytest, *session.posargs, env=env)
    else:
        session.run("coverage", "run", "-m", *pytest, *MEASURED_TESTS, env=env)
        session.run(*pytest, *OTHER_TESTS)


@nox.session(python=OLDEST)
def lowest(session: nox.Session) -> None:
    """The tests on the oldest Python and the oldest dependencies that pyproject.toml allows."""
    bounds = str(Path(session.create_tmp(), "lowest.txt"))
    compile_command = [
        "uv",
        "pip",
        "compile",
        "--quiet",
        "--resolution",
        "lowest-direct",
        "--all-extras",
    ]
    session.run(*compile_command, "pyproject.toml", "--output-file", bounds, silent=True)
    session.install("--constraint", bounds, wheel(session), "--group", "tests")
    session.run("pytest", *SIDE_BY_SIDE, *ON_LOWEST, *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Every branch of paysdk, on the newest Python that `tests` ran on."""
    session.install("--group", "tests")
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documents without a warning. `tests` runs their examples."""
    session.install(wheel(session), "--group", "docs")
    session.run("sphinx-build", "-W", "-n", "-E", "--keep-going", "--quiet", "docs", "docs/_build")


@nox.session(default=False)
def linkcheck(session: nox.Session) -> None:
    """Request each link of the documents to another site. Needs the network, so run it by hand."""
    session.install(wheel(session), "--group", "docs")
    session.run(
        "sphinx-build",
        "-b",
        "linkcheck",
        "-E",
        "--quiet",
        "docs",
        str(Path(session.create_tmp(), "linkcheck")),
    )


@nox.session(default=False)
def audit(session: nox.Session) -> None:
    """Look up known faults of every dependency. Needs the network, so run it by hand."""
    session.install(wheel(session), "--group", "audit")
    session.run("pip-audit", "--local", "--skip-editable")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure paysdk beside other clients and write docs/benchmarks.md.

    It takes about a quarter of an hour on an idle machine.
    """
    session.install(wheel(session), "--group", "bench")
    # The scripts import each other from their own folder.
    session.run("python", "tests/benchmarks/table.py", env={"PYTHONSAFEPATH": ""})


@nox.session(default=False, python="3.11")
def fuzz(session: nox.Session) -> None:
    """Fuzz the readers, a minute each or as many seconds as given (`-- 600`).

    It fails if any bytes raise something other than the documented errors.
    """
    session.install(wheel(session), "--group", "fuzz")
    seconds = session.posargs[0] if session.posargs else "60"
    seeds = [str(path) for path in sorted(Path("paysdk/providers").glob("*/samples"))]
    for target in ("campfire", "notify", "checkpoints", "links"):
        # The fuzzer keeps inputs that reach new code here and starts from them the next time. It
        # writes inputs that fail beside this folder.
        found = Path(session.create_tmp(), target)
        found.mkdir(exist_ok=True)
        options = [
            f"-max_total_time={seconds}",
            "-max_len=16384",
            "-timeout=10",
            f"-artifact_prefix={found}-",
            "-verbosity=0",
            "-print_final_stats=1",
        ]
        # The scripts import each other from their own folder.
        session.run(
            "python",
            f"tests/fuzz/{target}.py",
            str(found),
            "tests/fuzz/seeds",
            *seeds,
            *options,
            env={"PYTHONSAFEPATH": ""},
        )


@nox.session(default=False)
def crash(session: nox.Session) -> None:
    """Kill a sync at 500 random points on each database, or at as many as given (`-- 50`).

    Also kill a booking at each of its statements. It fails if anything is lost or repeated.
    """
    session.install(wheel(session), "--group", "tests")
    kills = session.posargs[0] if session.posargs else "500"
    # All kills are in one test, which takes longer than a test may take by default.
    files = ["tests/sync/test_crash.py", "tests/booking/test_crash.py"]
    session.run(
        *("pytest", *files, "-o", "faulthandler_timeout=0"),
        env={"PAYSDK_KILLS": kills, "PAYSDK_BOOKING_KILLS": "all"},
    )


@nox.session(default=False)
def histories(session: nox.Session) -> None:
    """Book in 10,000 random histories with faults, or in as many as given (`-- 500`).

    It begins at a random seed, or at the one that is given after the number (`-- 500 42`). It fails
    if a payment is booked twice, or if anything is left unexplained.
    """
    session.install(wheel(session), "--group", "tests")
    otherwise = ["10000", str(random.randrange(10**9))]  # noqa: S311  # no secret
    count, seed = [*session.posargs, *otherwise[len(session.posargs) :]]
    session.log(f"{count} histories from seed {seed}")
    # Many histories are in one test, which takes longer than a test may take by default.
    command = ["pytest", "tests/booking/test_histories.py", "-o", "faulthandler_timeout=0"]
    session.run(*command, env={"PAYSDK_HISTORIES": count, "PAYSDK_SEED": seed})


@nox.session(default=False)
def mutants(session: nox.Session) -> None:
    """Change the code bit by bit to see whether the tests notice.

    Name a part to change only that one (`-- "paysdk.listing.pages*"`).
    """
    session.install(wheel(session), "--group", "mutants")
    # mutmut writes its mutants into the tree that it runs in, so it gets a copy.
    tree = Path(session.create_tmp(), "tree").absolute()
    shutil.rmtree(tree, ignore_errors=True)
    for folder in ("paysdk", "tests"):
        shutil.copytree(folder, tree / folder)
    shutil.copy("pyproject.toml", tree)
    with session.chdir(tree):
        # Most tests of the transport wait, so two cores have time for eight mutants.
        session.run(
            "mutmut", "run", "--max-children", "8", *session.posargs, env={"PYTHONSAFEPATH": ""}
        )
        session.run("mutmut", "results", env={"PYTHONSAFEPATH": ""})

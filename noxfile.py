"""Everything that must hold before a change is kept: `nox` runs all of it, `nox -s tests-3.12` one part."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox

SUPPORTED = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHONS = SUPPORTED if RUNNING in SUPPORTED else [*SUPPORTED, RUNNING]

nox.options.default_venv_backend = "uv"
# A Python that this machine lacks is skipped with a message, on CI too, and never downloaded.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"
os.environ["UV_PYTHON_DOWNLOADS"] = "never"
# The working directory must not come before site-packages: what is tested is the installed wheel.
os.environ["PYTHONSAFEPATH"] = "1"
# pyenv's shims answer for the active versions only; this makes all that are installed active.
PYENV_VERSIONS = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
os.environ["PYENV_VERSION"] = (
    ":".join(found.name for python in PYTHONS for found in PYENV_VERSIONS.glob(f"{python}.*"))
    or "system"
)
# The newest that is here, whose tracing loses no line.
MEASURED = next(
    (python for python in reversed(PYTHONS) if shutil.which(f"python{python}")), RUNNING
)
# Of tests that wait for servers and other processes, even two cores have time for four. A worker
# that has run out takes from another.
SIDE_BY_SIDE = ["-n", "4", "--dist", "worksteal"]
# Everything runs once, on MEASURED. The other Pythons leave out PostgreSQL, which does not know
# which Python is at the other end, and what is slow. `lowest` leaves out only what is slow, for
# SQLAlchemy, psycopg and procrastinate have lower bounds, too.
ON_OTHER_PYTHONS = ["-m", "not slow and not postgresql"]
ON_LOWEST = ["-m", "not slow"]
# `quick` leaves out the folders whose tests start databases, commands, hundreds of faults and
# pytest itself.
QUICK = [
    f"--ignore=tests/{folder}" for folder in ("cli", "reconcile", "reliability", "sync", "testing")
]


def wheel(session: nox.Session) -> str:
    """The path of a wheel built from the tree, with the extras that the tests need."""
    folder = session.create_tmp()
    session.run("uv", "build", "--quiet", "--wheel", "--out-dir", folder, silent=True)
    (built,) = Path(folder).glob("*.whl")
    return f"{built}[cli,workers]"


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
    """Style, layers, types of paysdk, and the tests of what is below the command line and the databases, in an environment that is kept."""
    session.install("-e", ".[cli,workers]", "--group", "lint", "--group", "types")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports", env={"PYTHONSAFEPATH": ""})
    session.run("mypy", "paysdk")
    session.run("pytest", "-q", *SIDE_BY_SIDE, *ON_OTHER_PYTHONS, *QUICK, *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """Strict types: of the tree, and of what a user's code meets in the installed wheel."""
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
    """The tests against the installed wheel: all on the newest Python found, what a Python can change on the others."""
    session.install(wheel(session), "--group", "tests")
    # Measuring doubles the time, and on one of them it tells enough.
    measured = session.python == MEASURED
    measure = ["coverage", "run", "-m"] if measured else []
    chosen = [] if measured else ON_OTHER_PYTHONS
    env = {"COVERAGE_FILE": str(Path(f".coverage.{session.name}").absolute())}
    # Each worker writes a file of its own, and those of an earlier run would be counted in.
    session.run("coverage", "erase", env=env)
    session.run(*measure, "pytest", *SIDE_BY_SIDE, *chosen, *session.posargs, env=env)


@nox.session(python=RUNNING if RUNNING in SUPPORTED else SUPPORTED[0])
def lowest(session: nox.Session) -> None:
    """The tests on the oldest dependencies that pyproject.toml allows."""
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
    """The documents, without a warning, and their examples."""
    session.install(wheel(session), "--group", "docs", "--group", "tests")
    session.run("sphinx-build", "-W", "-n", "-E", "--keep-going", "--quiet", "docs", "docs/_build")
    session.run("pytest", "tests/test_documents.py")


@nox.session(default=False)
def linkcheck(session: nox.Session) -> None:
    """Whether what the documents link to on other sites is still there.

    Needs the network, so it is run by hand.
    """
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
def bench(session: nox.Session) -> None:
    """What paysdk costs, against what it is compared with; writes docs/benchmarks.md.

    Takes some eight minutes of an idle machine.
    """
    session.install(wheel(session), "--group", "bench")
    # The scripts import each other, from their own folder and not from the tree.
    session.run("python", "tests/benchmarks/table.py", env={"PYTHONSAFEPATH": ""})


@nox.session(default=False, python="3.11")
def fuzz(session: nox.Session) -> None:
    """Whether any bytes bring the readers to anything but the errors that they promise: a minute each, or so many seconds (`-- 600`)."""
    session.install(wheel(session), "--group", "fuzz")
    seconds = session.posargs[0] if session.posargs else "60"
    seeds = [str(path) for path in sorted(Path("paysdk/providers").glob("*/samples"))]
    for target in ("campfire", "notify", "checkpoints", "links"):
        # What the fuzzer finds to be new it keeps here and goes on from the next time; what fails
        # is written beside it.
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
        # The scripts import each other, from their own folder and not from the tree.
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
    """Whether a sync that is killed loses or repeats anything: at 500 random points on each database, or as many as are given (`-- 50`)."""
    session.install(wheel(session), "--group", "tests")
    kills = session.posargs[0] if session.posargs else "500"
    # A hang is not judged by the minute that a test has.
    command = ["pytest", "tests/sync/test_crash.py", "-o", "faulthandler_timeout=0"]
    session.run(*command, env={"PAYSDK_KILLS": kills})


@nox.session(default=False)
def mutants(session: nox.Session) -> None:
    """Whether the tests notice when the code is changed: all of what the tests reach, or one part (`-- "paysdk.listing.walk*"`)."""
    session.install(wheel(session), "--group", "mutants")
    # mutmut writes its mutants into the tree that it is run in, so it gets one of its own.
    tree = Path(session.create_tmp(), "tree").absolute()
    shutil.rmtree(tree, ignore_errors=True)
    for folder in ("paysdk", "tests"):
        shutil.copytree(folder, tree / folder)
    shutil.copy("pyproject.toml", tree)
    with session.chdir(tree):
        session.run(
            "mutmut", "run", "--max-children", "1", *session.posargs, env={"PYTHONSAFEPATH": ""}
        )
        session.run("mutmut", "results", env={"PYTHONSAFEPATH": ""})

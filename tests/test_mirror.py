"""Each module of paysdk has a file of tests of its name."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
# Where the tests are of a module that has none of its name.
ELSEWHERE = {
    # These are values without a method. The tests of what makes or reads them read each field.
    "booking/problem.py": "booking/test_checks.py",
    "testing/contract/subject.py": "testing/contract/test_odd.py",
    "testing/contract/targets/subject.py": "testing/contract/targets/test_targets.py",
}


def find_modules() -> list[str]:
    """Return the modules that need tests. A file ``__init__.py`` names what a package exports."""
    paths = sorted((ROOT / "paysdk").rglob("*.py"))
    return [
        path.relative_to(ROOT / "paysdk").as_posix() for path in paths if path.stem != "__init__"
    ]


def mirror(module: str) -> str:
    """Return the file with the tests of a module."""
    path = Path(module)
    return path.with_name(f"test_{path.name}").as_posix()


def test_each_module_has_a_file_of_tests() -> None:
    """``paysdk/sync/rows.py`` has ``tests/sync/test_rows.py``."""
    wanted = {module: ELSEWHERE.get(module, mirror(module)) for module in find_modules()}
    missing = [
        f"paysdk/{module} needs tests/{tests}"
        for module, tests in wanted.items()
        if not (ROOT / "tests" / tests).is_file()
    ]

    assert [] == missing


def test_each_exception_is_needed() -> None:
    """A module that has a file of its name is no exception, and neither is one that is gone."""
    needed = {module for module in find_modules() if not (ROOT / "tests" / mirror(module)).exists()}

    assert needed >= ELSEWHERE.keys()

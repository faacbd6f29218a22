"""The budgets of CONTRIBUTING.md over our own code, and proof that each of them can fail."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("geo", "devices", "tracker", "ingest", "api", "maps")

FILE_LINES = 400
FUNCTION_LINES = 60
ARGUMENTS = 6  # keyword-only ones too; `self` and `cls` are not counted
README_LINES = 60

#: Alembic writes a revision and nobody edits it afterwards: it is as long as the schema is.
REVISIONS = "tracker/migrations/versions/"

MARKER = re.compile(
    r"\bnoqa\b(:\s*[A-Z]+[0-9]+([,\s]+[A-Z]+[0-9]+)*)?|\btype:\s*ignore(\[[^]]*\])?|\bmypy:[\w\s=-]*"
)
REASON = re.compile(r"[A-Za-z]\S+\s+[A-Za-z]")  # two words at the least
SQL = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|TRUNCATE|COPY|WITH|CREATE|ALTER|DROP|GRANT|REVOKE|SET)\s"
    r"|\s*(select\s.+\sfrom\s|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s"
    r"|(create|alter|drop)\s+(table|index|role|schema|database|view|function|trigger|policy)\s"
    r"|(grant|revoke)\s.+\s(to|from)\s)",
    re.DOTALL,
)

Checker = Callable[[Path], Iterator[str]]


def python_files(root: Path) -> list[Path]:
    """Every Python file of ours: the product and its tests, without what tools put there."""
    found = [root / "milepost.py"]
    for folder in (*FOLDERS, "tests"):
        found += sorted((root / folder).rglob("*.py"))
    strange = {"node_modules", "__pycache__"}
    return [path for path in found if path.exists() and not strange & {*path.parts}]


def console_files(root: Path) -> list[Path]:
    """The console's own sources."""
    source = root / "maps" / "console" / "src"
    return sorted(path for path in source.rglob("*") if path.suffix in {".ts", ".svelte", ".css"})


def syntax_tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def parsed(root: Path) -> Iterator[tuple[str, ast.Module]]:
    """Each Python file's path from `root` and its syntax tree."""
    for path in python_files(root):
        yield str(path.relative_to(root)), syntax_tree(path)


def long_files(root: Path) -> Iterator[str]:
    for path in (*python_files(root), *console_files(root)):
        if path.relative_to(root).as_posix().startswith(REVISIONS):
            continue
        count = len(path.read_text(encoding="utf-8").splitlines())
        if count > FILE_LINES:
            yield f"{path.relative_to(root)}:{count}: {count} lines, the budget is {FILE_LINES}"


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def long_functions(root: Path) -> Iterator[str]:
    for name, tree in parsed(root):
        if name.startswith(REVISIONS):
            continue
        for function in functions(tree):
            count = (function.end_lineno or function.lineno) - function.lineno + 1
            if count > FUNCTION_LINES:
                yield (
                    f"{name}:{function.lineno}: {function.name} has {count} lines, "
                    f"the budget is {FUNCTION_LINES}"
                )


def many_arguments(root: Path) -> Iterator[str]:
    for name, tree in parsed(root):
        for function in functions(tree):
            given = function.args
            names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
            count = len(names) - (names[:1] in (["self"], ["cls"]))
            if count > ARGUMENTS:
                yield (
                    f"{name}:{function.lineno}: {function.name} takes {count} arguments, "
                    f"the budget is {ARGUMENTS}"
                )


def unreasoned_ignores(root: Path) -> Iterator[str]:
    for path in python_files(root):
        with path.open("rb") as file:
            for token in tokenize.tokenize(file.readline):
                if token.type != tokenize.COMMENT or not MARKER.search(token.string):
                    continue
                if not REASON.search(MARKER.sub(" ", token.string)):
                    yield (
                        f"{path.relative_to(root)}:{token.start[0]}: "
                        f"an ignore without its reason on the line: {token.string}"
                    )


def catches_everything(handler: ast.ExceptHandler) -> bool:
    """True of a handler for any error, but for one that only tidies up and raises it again."""
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"})
        for kind in caught
    )


def unreasoned_excepts(root: Path) -> Iterator[str]:
    for name, tree in parsed(root):
        lines = (root / name).read_text(encoding="utf-8").splitlines()
        for node in ast.walk(tree):
            if not isinstance(node, ast.ExceptHandler) or not catches_everything(node):
                continue
            _, _, comment = lines[node.lineno - 1].partition("#")
            if not REASON.search(MARKER.sub(" ", comment)):
                yield f"{name}:{node.lineno}: catches everything without its reason on the line"


def sql_in_f_strings(root: Path) -> Iterator[str]:
    """The product's; a test may name the database that it made."""
    for name, tree in parsed(root):
        if name.startswith("tests/"):
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.JoinedStr):
                continue
            parts = (p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)
            if SQL.match("".join(map(str, parts))):
                yield f"{name}:{node.lineno}: SQL in an f-string; name it in a .sql file"


def prints(root: Path) -> Iterator[str]:
    for name, tree in parsed(root):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id == "print":
                    yield f"{name}:{node.lineno}: print(); write through sys.stdout or typer.echo"


def readmes(root: Path) -> Iterator[str]:
    for folder in FOLDERS:
        readme = root / folder / "README.md"
        if not readme.exists():
            yield f"{folder}/README.md: is missing"
            continue
        count = len(readme.read_text(encoding="utf-8").splitlines())
        if count > README_LINES:
            yield f"{folder}/README.md:{count}: {count} lines, the budget is {README_LINES}"


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def origin_of(node: ast.ImportFrom, package: list[str]) -> str:
    """The dotted name between `from` and `import`, seen from a module of that package."""
    if not node.level:
        return node.module or ""
    kept = package[: len(package) - node.level + 1]
    return ".".join([*kept, *filter(None, [node.module])])


def imports(path: Path, module: str, modules: set[str]) -> set[str]:
    """The modules of ours that a file imports, wherever in it the import stands.

    Of `from a import b` that is the module a.b where there is one, else a.
    """
    parts = module.split(".")
    package = parts if path.name == "__init__.py" else parts[:-1]
    found: set[str] = set()
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = origin_of(node, package)
            deeper = [f"{origin}.{alias.name}" for alias in node.names]
            found.update(name if name in modules else origin for name in deeper)
    return (found & modules) - {module}


def import_cycles(root: Path) -> Iterator[str]:
    paths = {
        module_name(path, root): path
        for path in python_files(root)
        if path.relative_to(root).parts[0] != "tests"
    }
    graph = {module: imports(path, module, {*paths}) for module, path in paths.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield f"import cycle: {' <- '.join(error.args[1])}"


CHECKERS: list[Checker] = [
    long_files,
    long_functions,
    many_arguments,
    unreasoned_ignores,
    unreasoned_excepts,
    sql_in_f_strings,
    prints,
    readmes,
    import_cycles,
]


@pytest.mark.parametrize("checker", CHECKERS, ids=lambda checker: checker.__name__)
def test_our_code_keeps_the_budget(checker: Checker) -> None:
    assert python_files(ROOT), "no code was found: the budgets would pass on nothing"
    assert not (over := list(checker(ROOT))), "\n" + "\n".join(over)


def body(lines: int) -> str:
    return "def planted() -> None:\n" + "    pass\n" * (lines - 1)


#: (checker, file, what it holds, what the checker says of it; "" = nothing)
PLANTED = [
    (long_files, "geo/a.py", "x = 1\n" * 401, "geo/a.py:401: 401 lines, the budget is 400"),
    (long_files, "geo/a.py", "x = 1\n" * 400, ""),
    (long_files, "maps/console/src/a.svelte", "<p/>\n" * 401, "a.svelte:401: 401 lines"),
    (long_files, "maps/console/node_modules/a.py", "x = 1\n" * 401, ""),
    (long_functions, "tests/a.py", body(61), "tests/a.py:1: planted has 61 lines"),
    (long_functions, "tests/a.py", body(60), ""),
    (long_functions, f"{REVISIONS}0001_first.py", body(500), ""),
    (long_functions, "api/a.py", "class A:\n  async " + body(70), "api/a.py:2: planted has 70"),
    (many_arguments, "api/a.py", "def f(a, b, c, /, d, *, e, f, g): ...", "takes 7"),
    (many_arguments, "api/a.py", "def f(self, b, c, d, *, e, f, g): ...", ""),
    (unreasoned_ignores, "api/a.py", "x = 1  # noqa: S101, E501", "api/a.py:1: an ignore"),
    (unreasoned_ignores, "api/a.py", "x = 1  # type: ignore[misc]", "api/a.py:1: an ignore"),
    (unreasoned_ignores, "api/a.py", "# ruff: noqa", "api/a.py:1: an ignore"),
    (unreasoned_ignores, "api/a.py", "x = 1  # noqa: S101 - a test of ours", ""),
    (unreasoned_ignores, "api/a.py", "x = 1  # type: ignore[misc]  # folium has no types", ""),
    (unreasoned_ignores, "api/a.py", "x = '# noqa'", ""),
    (unreasoned_excepts, "api/a.py", "try: ...\nexcept Exception: ...", "api/a.py:2: catches"),
    (unreasoned_excepts, "api/a.py", "try: ...\nexcept (OSError, Exception): ...", "a.py:2: catch"),
    (unreasoned_excepts, "api/a.py", "try: ...\nexcept:  # noqa: E722\n    ...", "api/a.py:2"),
    (unreasoned_excepts, "api/a.py", "try: ...\nexcept Exception:  # told to the log\n  ...", ""),
    (unreasoned_excepts, "api/a.py", "try: ...\nexcept OSError: ...", ""),
    (unreasoned_excepts, "api/a.py", "try: ...\nexcept BaseException:\n  x = 1\n  raise", ""),
    (sql_in_f_strings, "tracker/a.py", "x = f'''\n SELECT {a}'''", "tracker/a.py:1: SQL"),
    (sql_in_f_strings, "tracker/a.py", "x = f'ALTER ROLE {a} LOGIN'", "tracker/a.py:1: SQL"),
    (sql_in_f_strings, "tracker/a.py", "x = f'select * from {a} '", "tracker/a.py:1: SQL"),
    (sql_in_f_strings, "tracker/a.py", "x = f'update the vehicle {a}'", ""),
    (sql_in_f_strings, "tracker/a.py", "x = 'SELECT 1'", ""),
    (sql_in_f_strings, "tests/a.py", "x = f'CREATE DATABASE {a}'", ""),
    (prints, "ingest/a.py", "def f():\n    print('x')", "ingest/a.py:2: print()"),
    (readmes, "geo/README.md", "# geo\n" * 61, "geo/README.md:61: 61 lines, the budget is 60"),
    (readmes, "geo/a.py", "", "geo/README.md: is missing"),
]


@pytest.mark.parametrize(("checker", "name", "text", "said"), PLANTED)
def test_a_planted_violation_is_named(
    checker: Checker, name: str, text: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    messages = "\n".join(checker(tmp_path))
    assert said in messages if said else not messages


@pytest.mark.parametrize(
    "files",
    [
        {"geo/a.py": "import geo.b", "geo/b.py": "from geo.a import x"},
        {"geo/a.py": "from geo import b", "geo/b.py": "def f():\n    from geo import a"},
        {"geo/a.py": "from . import b", "geo/b.py": "from .a import x"},
        {"geo/__init__.py": "from .a import x", "geo/a.py": "from geo import x"},
        {
            "geo/a.py": "import api",
            "api/__init__.py": "from maps.c import y",
            "maps/c.py": "import geo.a",
        },
    ],
)
def test_a_planted_import_cycle_is_named(files: dict[str, str], tmp_path: Path) -> None:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (message,) = import_cycles(tmp_path)
    assert "geo.a" in message


def test_imports_of_one_way_are_no_cycle(tmp_path: Path) -> None:
    (tmp_path / "geo").mkdir()
    (tmp_path / "geo" / "__init__.py").write_text("from geo.a import x")
    (tmp_path / "geo" / "a.py").write_text("from geo import b\nimport json")
    (tmp_path / "geo" / "b.py").write_text("y = 1")
    assert not list(import_cycles(tmp_path))

"""A unit: one piece of work with inputs, parameters and a content key. Everything that decides a result is in the key.

The key is SHA-256 over canonical JSON of the identity. Paths, names of machines, token budget and thread count are
carried beside it (`details`) and are no part of it.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from inspect import getattr_static
from pathlib import Path
from types import FunctionType
from typing import Any

CORE = __name__.partition(".")[0]
MOST_SEED = 2**63 - 1  # torch and NumPy take seeds from 0 up to it


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no white space: equal values give equal text. NaN and infinities are refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            if is_text and isinstance(first.value.value, str):  # type: ignore[union-attr]
                node.body = node.body[1:]
    return tree


def source_version(source: str) -> str:
    """Hash of a module's syntax tree without comments, docstrings and positions."""
    return hashlib.sha256(ast.dump(_without_docstrings(ast.parse(source))).encode()).hexdigest()


@cache
def file_version(path: str) -> str:
    """`source_version` of a Python file."""
    return source_version(Path(path).read_text(encoding="utf-8"))


def module_version(name: str) -> str:
    """`source_version` of a module that is loaded (a plugin file, say), or importable: it is not imported for that."""
    path = getattr(sys.modules.get(name), "__file__", None)
    if path is None:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"no source for module {name}")
        path = spec.origin
    return file_version(path)


def code_version(functions: Iterable[Any]) -> str:
    """Hash of the names of `functions` and of the files they are written in, with what these import from their own
    package, and of the `files` that one names (a metric its script).

    A reader stands with the parts that it shares with others, and an object that is called with the functions that it
    holds. Of the core only the function's own file counts: units name its modules one by one. What has no Python code
    adds nothing.
    """
    functions = list(functions)
    plain = [part for function in functions for part in _functions_in(function)]
    files = {file for one in plain for file in _with_imports(one.__module__ or "", one.__code__.co_filename)}
    files |= {file for function in functions for file in getattr(function, "files", ())}
    versions = sorted(file_version(file) for file in files if Path(file).is_file())
    return digest([versions, sorted(one.__qualname__ for one in plain)])


def _functions_in(function: Any) -> Iterator[FunctionType]:
    """A function itself; of a partial its function, of an object its `__call__` and what it calls."""
    plain = getattr(function, "func", function)
    if isinstance(plain, FunctionType):
        yield plain
    elif isinstance(called := getattr_static(type(plain), "__call__", None), FunctionType):
        yield called
        for held in vars(plain).values():
            yield from _functions_in(held) if callable(held) else ()


@cache
def _with_imports(module: str, file: str) -> tuple[str, ...]:
    """The file of a module and those of its package that it imports, however indirectly; the core's own alone."""
    package = module.partition(".")[0]
    found, waiting = {module: file}, [module] if package != CORE and Path(file).is_file() else []
    while waiting:
        name = waiting.pop()
        for other in sorted(_imported(name, found[name], package)):
            origin = _origin(other)
            if origin is not None and other not in found:
                found[other] = origin
                waiting.append(other)
    return tuple(found.values())


def _imported(module: str, file: str, package: str) -> set[str]:
    """Names under `package` that a file imports, also within functions; some may be no modules but things in them."""
    above = module.split(".") if Path(file).name == "__init__.py" else module.split(".")[:-1]
    names: set[str] = set()
    for node in ast.walk(ast.parse(Path(file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = above[: len(above) + 1 - node.level] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            names.update([source, *(f"{source}.{alias.name}" for alias in node.names)])
    return {name for name in names if name.partition(".")[0] == package}


def _origin(module: str) -> str | None:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):  # a function or class of a module, not a module
        return None
    return spec.origin if spec is not None and spec.has_location else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Unit:
    """One piece of work; `key` is its identity, two units with equal keys are the same work.

    `inputs` are the units whose outputs this one opens, by role. `details` help to perform and to show the unit (paths,
    the plugin files to load) and are no part of the identity.
    """

    type: str
    label: str
    modules: tuple[str, ...]
    kind: str = ""
    task: str = ""
    task_version: str = ""
    inputs: Mapping[str, Unit] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    dtype: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> dict[str, Any]:
        return {
            "type": self.type,
            "kind": self.kind,
            "task": self.task,
            "task_version": self.task_version,
            "code": {name: module_version(name) for name in self.modules},
            "inputs": {role: unit.key for role, unit in self.inputs.items()},
            "fingerprints": dict(self.fingerprints),
            "data": dict(self.data),
            "parameters": dict(self.parameters),
            "seed": self.seed,
            "dtype": self.dtype,
        }

    @cached_property
    def key(self) -> str:
        return digest(self.identity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unit) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

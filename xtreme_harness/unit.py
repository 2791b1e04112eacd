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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any


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
    """Hash of the files in which `functions` are written, wherever they live, and of the `files` that one names.

    What has no Python code adds nothing.
    """
    plain = [getattr(function, "func", function) for function in functions]  # a partial stands for its function
    codes = [getattr(function, "__code__", None) for function in plain]
    files = {code.co_filename for code in codes if code is not None}
    files |= {file for function in plain for file in getattr(function, "files", ())}
    return digest(sorted(file_version(file) for file in files if Path(file).is_file()))


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

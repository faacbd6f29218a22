"""What operations are called in the document, made of their method and path.

GET    /v1/fences                      getFences
POST   /v1/fences                      createFence
PUT    /v1/fences/{department}/{ref}   replaceFence
POST   /v1/alerts/{id}/acknowledge     acknowledgeAlert
"""

from __future__ import annotations

import re
from typing import Final

_VERBS: Final = {"get": "get", "put": "replace", "delete": "delete", "patch": "change"}
#: What says nothing of what it is about.
_SILENT: Final = frozenset({"v1"})


def operation_id(method: str, path: str) -> str:
    """Its name, unless another operation has it: see `apart`."""
    words = _words(path)
    if method != "post":
        return _camel(_VERBS[method], *words)
    *before, last = words
    if before and not path.endswith("}") and not _is_plural(path):
        # The last word is what is done to the thing before it.
        return _camel(last, *before)
    return _camel("create", *before, _one(last))


def apart(name: str, path: str) -> str:
    """The same of one of two that would be called so: by the parameters of its path."""
    return _camel(name, "by", *re.findall(r"{(\w+)", path))


def _words(path: str) -> list[str]:
    """The words of a path, one of many where a parameter chooses it."""
    parts = [part for part in path.split("/") if part and part not in _SILENT]
    words: list[str] = []
    for part in parts:
        kind, _, ending = part.partition("}")
        if kind.startswith("{"):
            words = words[:-1] + [_one(word) for word in words[-1:]]
            words += [ending.strip(".")] if ending.strip(".") else []
        else:
            words.append(part)
    return words


def _is_plural(path: str) -> bool:
    return path.endswith("s")


def _one(word: str) -> str:
    return word.removesuffix("s")


def _camel(first: str, *rest: str) -> str:
    parts = [part for word in rest for part in re.split(r"[^A-Za-z0-9]+", word) if part]
    return first + "".join(part[0].upper() + part[1:] for part in parts)

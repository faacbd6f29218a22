"""What the maps refuse, each with its cure.

MapsError
└── AssetsMissing
"""

from __future__ import annotations

import inspect


class MapsError(Exception):
    """The page cannot be made."""

    def __init__(self, detail: str = "") -> None:
        """Say what this case adds to the docstring."""
        sentence = inspect.cleandoc(self.__doc__ or "").replace("\n", " ")
        super().__init__(f"{sentence} {detail}".strip())


class AssetsMissing(MapsError):
    """The pages' scripts are not built: run scripts/setup, or `npm ci && npm run build` in
    maps/console."""

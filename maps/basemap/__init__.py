"""The map that needs no network: Hong Kong's land and the names of its 18 districts (README.md)."""

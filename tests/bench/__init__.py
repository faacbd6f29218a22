"""Where the figures of docs/performance.md come from; each ends with one JSON line."""

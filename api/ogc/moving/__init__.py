"""OGC API – Moving Features 1.0 (22-003r3) under `/ogc`, to be read only."""

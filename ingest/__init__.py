"""How bytes arrive and when they are acknowledged: sources, batches, the private broker."""

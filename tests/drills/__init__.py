"""Breaking something on purpose, then comparing what was acknowledged with what is stored."""

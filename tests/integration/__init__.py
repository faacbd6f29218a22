"""Tests across folders, with real servers."""

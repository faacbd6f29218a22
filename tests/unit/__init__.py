"""Tests of one folder each."""

"""The parts of `milepost --help`, in the order in which they are shown."""

from __future__ import annotations

SERVICE = "The service: set it up, run it, look after it"
REGISTERED = "What it knows of: vehicles, fences, rules, people"
QUESTIONS = "Where vehicles are and were, and what they did"
INNER = "What `milepost run` starts by itself"

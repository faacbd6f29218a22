"""What a rule or a fence would have raised over stored history: asked, played, counted, compared.

Nothing is written, and nobody is told. It reads as one caller within its scope.
"""

from tracker.backtest.answer import Answer, Progress, answer, in_scope
from tracker.backtest.question import Asked, Subject

__all__ = ["Answer", "Asked", "Progress", "Subject", "answer", "in_scope"]

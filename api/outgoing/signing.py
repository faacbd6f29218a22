"""Signatures as Standard Webhooks has them: v1, HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence


def signed_headers(
    message_id: str, body: bytes, secrets: Sequence[str], *, now_s: float
) -> dict[str, str]:
    """The three headers; while secrets rotate, one signature of each, apart by spaces."""
    stamp = str(int(now_s))
    signed = f"{message_id}.{stamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()

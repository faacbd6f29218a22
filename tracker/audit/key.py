"""The key that signs the chain's heads: Ed25519, in the data folder."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from tracker.data_folder import DataFolder, write_whole
from tracker.errors import KeyMissing

_PRIVATE: Final = "audit-key.pem"
_PUBLIC: Final = "audit-key.pub.pem"


def ensure_key(data: DataFolder) -> Ed25519PrivateKey:
    """The key; made where there is none yet, the folder too. Raises KeyMissing, OSError."""
    path = data.path / _PRIVATE
    if not path.exists():
        data.create()
        made = Ed25519PrivateKey.generate()
        pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_whole(path, pem.decode("ascii"), 0o600)
        write_whole(data.path / _PUBLIC, public_pem(made.public_key()))
    found = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(found, Ed25519PrivateKey):
        raise KeyMissing(f"({path} is no Ed25519 key)")
    return found


def public_key(data: DataFolder, path: Path | None = None) -> Ed25519PublicKey:
    """What verifies the heads: of a file, or of the folder. Raises KeyMissing."""
    path = path or data.path / _PUBLIC
    try:
        found = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise KeyMissing(f"({path}: {error})") from error
    if not isinstance(found, Ed25519PublicKey):
        raise KeyMissing(f"({path} is no Ed25519 key)")
    return found


def public_pem(key: Ed25519PublicKey) -> str:
    """The key as people pass it on."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def key_id(key: Ed25519PublicKey) -> str:
    """The first 16 digits of the SHA-256 of the raw key."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def is_signed(key: Ed25519PublicKey, signature: bytes, said: bytes) -> bool:
    """Whether that key signed that."""
    try:
        key.verify(signature, said)
    except InvalidSignature:
        return False
    return True

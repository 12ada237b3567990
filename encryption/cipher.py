"""AES-256-GCM: encrypts bytes for one place, with a random nonce in front of them."""

import os

from encryption.errors import CannotOpen

KEY_BYTES = 32
NONCE_BYTES = 12


def encrypted(key: bytes, value: bytes, place: bytes) -> bytes:
    """Return nonce and ciphertext of the value, which opens for the same place only."""
    # Loaded with the first value: most processes never have one, and the library takes some megabytes.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, value, place)


def decrypted(key: bytes, sealed: bytes, place: bytes) -> bytes:
    """Return the value. Raises CannotOpen if these bytes were not encrypted with this key for this place."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place)
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("These bytes were not encrypted with this key for this place.") from error

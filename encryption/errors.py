"""What can be wrong with an encrypted value or its keys; each message says what happened and what to do."""


class EncryptionError(Exception):
    """A value cannot be encrypted or opened."""


class KeyMissing(EncryptionError):
    """The key that a value or a data key was sealed with is not there."""


class CannotOpen(EncryptionError):
    """The stored bytes are not what was sealed for this place: they were changed, or copied from another row."""

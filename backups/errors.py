"""What can go wrong with a backup; each message says what happened and what to do."""

from events.errors import EventError


class BackupError(EventError):
    """The backup or the restore cannot be done; nothing was changed, unless the message says what."""


class DamagedBackup(BackupError):
    """The file is not a backup, or some of its bytes are not those that were written."""


class UnfitBackup(BackupError):
    """The backup is whole, and cannot be restored here: by this version, or into this kind of database."""

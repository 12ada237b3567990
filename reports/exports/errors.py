"""The errors of exports: each message says what happened and what to do."""

from events.errors import PermanentError


class ExportRefused(PermanentError):
    """Base of the errors about exports: no file was made."""


class NothingDelivered(ExportRefused):
    """The project has no report yet: none of its work has delivered anything."""


class ExportUnavailable(ExportRefused):
    """The library that makes this format is not installed."""


class ExportBusy(ExportRefused):
    """Too many files are being made at the moment, or this one took too long."""


class ExportFailed(ExportRefused):
    """The file could not be made, which is a fault of ours; the log has the reason."""

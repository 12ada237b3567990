"""The records of files in quarantine, of what people decided about files, and of rows that could not be read."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.organisations import FIRST_ORGANISATION, Organisation
from accounts.walls import belongs
from encryption.fields import EncryptedField, Encrypting


class QuarantinedFile(models.Model):
    """A dangerous file that somebody sent. Files with the same content are stored once, each sending has a record."""

    quarantined_at = models.DateTimeField(_("when"), db_default=Now(), db_index=True)
    sender = models.CharField(_("who"), max_length=200, blank=True, help_text=_("Who sent it, with the key if any."))
    door = models.CharField(_("door"), max_length=200, help_text=_("The address or the command it was sent to."))
    name = models.CharField(_("name of the file"), max_length=200)
    size = models.BigIntegerField(_("bytes"))
    sha256 = models.CharField("SHA-256", max_length=64, db_index=True)
    reason = models.TextField(_("reason"))
    is_kept = models.BooleanField(
        _("kept"), default=True, help_text=_("Whether its content is in the quarantine folder, under its SHA-256.")
    )

    organisation = models.ForeignKey(
        Organisation,
        verbose_name=_("organisation"),
        on_delete=models.PROTECT,
        db_default=FIRST_ORGANISATION,
        editable=False,
        related_name="+",
        db_index=False,
    )

    class Meta:
        verbose_name = _("file in quarantine")
        verbose_name_plural = _("files in quarantine")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.name


class RememberedReading(Encrypting):
    """What a person decided about a file, for their next file with the same header."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("owner")
    )
    header = models.CharField(_("header"), max_length=64, help_text=_("The SHA-256 of the header and kind of file."))
    # Where earlier releases kept name and answers in the clear; the next release removes the columns.
    plain_file_name = models.CharField(max_length=200, db_column="file_name", blank=True, default="", editable=False)
    plain_answers = models.JSONField(db_column="answers", default=dict, editable=False)
    file_name = EncryptedField(_("name of the file"), db_column="encrypted_file_name", plain="plain_file_name")
    answers = EncryptedField(_("answers"), db_column="encrypted_answers", plain="plain_answers")
    # Questions about the file are answered in its project: its answers count, too.
    project = models.ForeignKey("backlog.Project", on_delete=models.SET_NULL, null=True, related_name="+")
    mean_minutes = models.FloatField(_("minutes of a row in the mean"), null=True)
    chosen_at = models.DateTimeField(_("when"), db_index=True)

    sealed_to = ("owner_id", "header")

    class Meta:
        verbose_name = _("remembered reading")
        verbose_name_plural = _("remembered readings")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["owner", "header"], name="one_reading_for_a_header")]

    def __str__(self) -> str:
        return str(self.file_name)


class UnreadRows(Encrypting):
    """The rows of a request's file that could not be read completely, as the file has them, with the reason."""

    project = models.OneToOneField(
        "backlog.Project", on_delete=models.CASCADE, primary_key=True, related_name="unread_rows"
    )
    # Where earlier releases kept them in the clear; the next release removes the columns.
    plain_headers = models.JSONField(db_column="headers", default=list, editable=False)
    plain_rows = models.JSONField(db_column="rows", default=list, editable=False)
    headers = EncryptedField(_("columns"), db_column="encrypted_headers", plain="plain_headers")
    rows = EncryptedField(_("rows"), db_column="encrypted_rows", plain="plain_rows")
    count = models.PositiveIntegerField(_("rows in all"), default=0)

    class Meta:
        verbose_name = _("unread rows")
        verbose_name_plural = _("unread rows")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.count}"


belongs(QuarantinedFile, by="organisation")
belongs(RememberedReading, by="owner__organisation")
belongs(UnreadRows, by="project__organisation")

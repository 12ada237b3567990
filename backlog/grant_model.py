"""The tables of what language models may cost and did cost: a row a dispatch, and a row a call."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.organisations import Organisation


class ModelGrant(models.Model):
    """What the item of one dispatch may spend on language models, and what it spent; in millionths of a US dollar.

    Until its worker has said what it spent, all of the grant counts as spent. It stays so if the worker never says it.
    """

    dispatch_id = models.UUIDField(primary_key=True, editable=False)
    project = models.ForeignKey(
        "backlog.Project", verbose_name=_("project"), on_delete=models.CASCADE, related_name="model_grants"
    )
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField(_("day"), db_index=True, help_text=_("The day of the dispatch, in UTC."))
    granted = models.PositiveBigIntegerField(_("granted"))
    spent = models.PositiveBigIntegerField(_("spent"), null=True)

    def __str__(self) -> str:
        return f"{self.granted} for {self.dispatch_id}"


class ModelCall(models.Model):
    """One call to a language model, as its worker told it, for the sums by use and by model.

    `use` is the name of the prompt, `day` the day of the dispatch, as its grant has it. The ledger has all of it.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    project = models.ForeignKey("backlog.Project", on_delete=models.CASCADE, related_name="model_calls")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField(_("day"))
    use = models.CharField(_("use"), max_length=60)
    provider = models.CharField(_("provider"), max_length=20)
    model = models.CharField(_("model"), max_length=200)
    spent = models.PositiveBigIntegerField(_("spent"), help_text=_("In millionths of a US dollar."))

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["organisation", "day"], name="model_calls_of_a_day")]

    def __str__(self) -> str:
        return f"{self.use} by {self.model}"

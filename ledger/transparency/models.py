"""Tables of the transparency log. All but the queue are append-only; triggers refuse the rest."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Record(models.Model):
    """One fact that an auditor can prove: the exact bytes that are hashed into the log."""

    kind = models.CharField(_("kind"), max_length=64)
    entry = models.BinaryField(_("entry"))
    created_at = models.DateTimeField(_("written at"))

    class Meta:
        app_label = "ledger"
        verbose_name = _("record of the log")
        verbose_name_plural = _("records of the log")

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class UnsequencedRecord(models.Model):
    """A record that waits for its place in the log; the sequencer deletes the row when it has one."""

    record_id = models.BigIntegerField(primary_key=True)

    class Meta:
        app_label = "ledger"


class LogLeaf(models.Model):
    """The place of a record in the log."""

    index = models.BigIntegerField(primary_key=True)
    record = models.OneToOneField(Record, on_delete=models.PROTECT, related_name="leaf", db_constraint=False)
    leaf_hash = models.BinaryField()

    class Meta:
        app_label = "ledger"


class LogTile(models.Model):
    """256 hashes of one level (C2SP tlog-tiles), and the root over them, which is a hash of the next level."""

    level = models.PositiveSmallIntegerField()
    number = models.BigIntegerField()
    hashes = models.BinaryField()
    root = models.BinaryField()

    class Meta:
        app_label = "ledger"
        constraints = [models.UniqueConstraint(fields=["level", "number"], name="log_tile_once")]


class Checkpoint(models.Model):
    """A signed statement of the log's size and root (C2SP tlog-checkpoint)."""

    tree_size = models.BigIntegerField(_("tree size"), primary_key=True)
    # The size that was signed before this one, so that none can be taken out between.
    previous_size = models.BigIntegerField(default=0)
    root_hash = models.BinaryField(_("root hash"))
    note = models.TextField(_("signed note"))
    signed_at = models.DateTimeField(_("signed at"))

    class Meta:
        app_label = "ledger"
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")
        ordering = ["-tree_size"]

    def __str__(self) -> str:
        return str(self.tree_size)

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
        indexes = [models.Index(fields=["leaf_hash"], name="log_leaf_by_hash")]


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


class Cosignature(models.Model):
    """What a witness has put under a checkpoint (C2SP tlog-cosignature); the first of each witness stands."""

    checkpoint = models.ForeignKey(
        Checkpoint, on_delete=models.PROTECT, related_name="cosignatures", db_constraint=False, db_index=False
    )
    name = models.CharField(_("witness"), max_length=255)
    key_id = models.BinaryField()
    line = models.TextField(_("signature line"))
    signed_at = models.DateTimeField(_("signed at"))
    received_at = models.DateTimeField(_("received at"))

    class Meta:
        app_label = "ledger"
        verbose_name = _("cosignature")
        verbose_name_plural = _("cosignatures")
        constraints = [models.UniqueConstraint(fields=["checkpoint", "name", "key_id"], name="cosigned_once")]
        indexes = [models.Index(fields=["name", "key_id", "-checkpoint"], name="cosignatures_of_witness")]

    def __str__(self) -> str:
        return f"{self.name} {self.checkpoint_id}"


class LogKey(models.Model):
    """A key that signs checkpoints: the first, or one that a record put in the place of the one before.

    It signs the checkpoints that cover its record. The note says so with the signatures of both keys.
    """

    vkey = models.TextField(unique=True)
    record = models.ForeignKey(
        Record, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    note = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        app_label = "ledger"
        constraints = [
            models.UniqueConstraint(fields=["record"], nulls_distinct=False, name="one_first_log_key"),
        ]

    def __str__(self) -> str:
        return self.vkey


class LogBinding(models.Model):
    """For whom the key may sign: the token that its state file must have, too (binding.py). The newest row stands.

    A row is written when the log begins, and when a restored copy is taken into service.
    """

    class Kind(models.TextChoices):
        BEGUN = "begun", _("begun")
        ADOPTED = "adopted", _("begun before keys remembered")
        RESTORED = "restored", _("restored from a backup")

    token = models.UUIDField(unique=True)
    kind = models.CharField(max_length=12, choices=Kind)
    record = models.ForeignKey(
        Record, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    # What the restore wrote of itself, and what the operator declared of the database that is dead.
    label = models.TextField(blank=True, default="")
    statement = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        app_label = "ledger"

    def __str__(self) -> str:
        return f"{self.kind} {self.token}"


class LogFollower(models.Model):
    """How far somebody has got who acts on what is recorded, such as the notices: the next place that it will read."""

    name = models.CharField(max_length=40, primary_key=True)
    next_index = models.BigIntegerField(default=0)
    followed_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "ledger"

    def __str__(self) -> str:
        return f"{self.name} {self.next_index}"

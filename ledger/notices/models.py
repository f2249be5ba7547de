"""What people are told: notices in the app, what they want sent to them, and what is on its way to them."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.parties.models import Organisation, User


class Group(models.TextChoices):
    """What notices are about: by these people choose how they are told."""

    SECURITY = "security", _("Security and members")
    REGISTRY = "registry", _("Projects and reports")
    CREDITS = "credits", _("Credits")
    MONEY = "money", _("Money")
    TRADING = "trading", _("Orders and trades")
    MARKETS = "markets", _("Markets")
    DESK = "desk", _("Operations")


class Severity(models.TextChoices):
    INFO = "info", pgettext_lazy("notice", "for information")
    ACTION = "action", pgettext_lazy("notice", "needs you")
    WARNING = "warning", pgettext_lazy("notice", "warning")


class Channel(models.TextChoices):
    EMAIL = "email", _("e-mail")
    SMS = "sms", _("text message")


class Notice(models.Model):
    """Something that one person is told. Its words are made when it is read, in the reader's language."""

    person = models.ForeignKey(User, models.CASCADE, verbose_name=_("person"), related_name="notices", db_index=False)
    # For which organisation the person was told; none where it is about the person alone.
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        verbose_name=_("organisation"),
        null=True,
        related_name="+",
        db_index=False,
    )
    kind = models.CharField(_("kind"), max_length=64)
    group = models.CharField(_("about"), max_length=16, choices=Group)
    severity = models.CharField(_("severity"), max_length=8, choices=Severity, default=Severity.INFO)
    parameters = models.JSONField(_("parameters"), default=dict)
    # What is told once, or summed up in one notice: a second one of the same key is none.
    key = models.CharField(_("key"), max_length=160, null=True)  # noqa: DJ001 (null: each by itself)
    created_at = models.DateTimeField(_("told at"))
    read_at = models.DateTimeField(_("read at"), null=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="notice_once_a_key")]
        indexes = [
            models.Index(fields=["person", "-id"], name="notices_of_person"),
            models.Index(fields=["person", "-id"], condition=Q(read_at__isnull=True), name="notices_unread"),
            models.Index(fields=["created_at"], name="notices_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class NoticeSettings(models.Model):
    """How a person wants to be told; who has never chosen has no row, and defaults hold (choices.py)."""

    class Digest(models.TextChoices):
        OFF = "off", pgettext_lazy("digest", "none")
        DAILY = "daily", pgettext_lazy("digest", "each day at 8:00")
        WEEKLY = "weekly", pgettext_lazy("digest", "each Monday at 8:00")

    class Pace(models.TextChoices):
        AT_ONCE = "at_once", pgettext_lazy("e-mails", "at once, one for each")
        BUNDLED = "bundled", pgettext_lazy("e-mails", "bundled, within minutes")
        DAILY = "daily", pgettext_lazy("e-mails", "once a day, at 8:00")

    person = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="notice_settings")
    # Groups of notices that are sent; what needs the person is always in the app as well.
    email_groups = ArrayField(models.CharField(max_length=16, choices=Group), default=list)
    sms_groups = ArrayField(models.CharField(max_length=16, choices=Group), default=list)
    # Groups of which the app keeps what is for information to itself.
    muted_groups = ArrayField(models.CharField(max_length=16, choices=Group), default=list)
    # How soon e-mails of notices come; warnings always come at once.
    pace = models.CharField(max_length=8, choices=Pace, default=Pace.BUNDLED, db_default=Pace.BUNDLED)
    digest = models.CharField(max_length=8, choices=Digest, default=Digest.OFF)
    language = models.CharField(max_length=8, default="zh-hans")
    # Between these, by the clock of China, nothing is sent that can wait.
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    phone = models.CharField(max_length=20, blank=True, default="")
    phone_confirmed_at = models.DateTimeField(null=True)
    # A code on its way to the phone, as its hash, and how often it was guessed.
    phone_code_hash = models.BinaryField(null=True)
    phone_code_sent_at = models.DateTimeField(null=True)
    phone_guesses = models.PositiveSmallIntegerField(default=0)

    class Meta:
        app_label = "ledger"
        constraints = [
            models.CheckConstraint(
                name="quiet_hours_have_both_ends",
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return str(self.person_id)


class DigestSent(models.Model):
    """That a person's digest of a period was written, or that there was nothing to write of: once a period."""

    person = models.ForeignKey(User, models.CASCADE, related_name="+")
    # The day on which the period ends: that of a daily one, the Monday of a weekly one.
    due_on = models.DateField()

    class Meta:
        app_label = "ledger"
        constraints = [models.UniqueConstraint(fields=["person", "due_on"], name="digest_once_a_day")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.due_on}"


class Message(models.Model):
    """Something on its way to a person by e-mail or text message, and what became of it.

    It is sent at least once. Its public id is in what is sent, so that whoever gets it twice can tell.
    """

    public_id = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(User, models.CASCADE, verbose_name=_("person"), related_name="+")
    channel = models.CharField(_("way"), max_length=8, choices=Channel)
    # Whose words it has, made when it is sent; none of a digest or a code, which have their own from the start.
    notice = models.ForeignKey(Notice, models.CASCADE, null=True, related_name="+")
    # Whether it may go out in one e-mail with others of its person.
    may_be_bundled = models.BooleanField(default=False, db_default=False)
    # In whose e-mail it goes out, once that is settled; the one that leads a bundle has none itself.
    bundle = models.ForeignKey(
        "self",
        models.SET_NULL,
        verbose_name=_("sent with"),
        null=True,
        related_name="bundled",
        db_index=False,
        db_constraint=False,
    )
    address = models.CharField(_("address"), max_length=254, blank=True, default="")
    subject = models.CharField(_("subject"), max_length=200, blank=True, default="")
    body = models.TextField(_("text"), blank=True, default="")
    html = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(_("written at"))
    due_at = models.DateTimeField(_("due at"))
    # Until when a worker has it in its hands; after that the worker is taken to be dead.
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    failed_at = models.DateTimeField(_("given up at"), null=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True, default="")

    class Meta:
        app_label = "ledger"
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(sent_at__isnull=True, failed_at__isnull=True), name="messages_waiting"
            ),
            models.Index(fields=["created_at"], name="messages_by_age"),
            models.Index(fields=["bundle"], condition=Q(bundle__isnull=False), name="messages_of_bundle"),
            models.Index(fields=["person", "-sent_at"], condition=Q(may_be_bundled=True), name="messages_bundled_of"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.public_id}"

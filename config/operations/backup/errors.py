"""What goes wrong with backups, in sentences for whoever is on call."""


class BackupError(RuntimeError):
    """A backup cannot be made, read or restored; the sentence says what to do."""


class Damaged(BackupError):
    """A file of the archive is missing, cut short or not what was written."""

"""Archives that somebody hands in, read in memory: nothing is unpacked to disk, and no more than was allowed comes out."""

import io
import zipfile
import zlib

from django.utils.translation import gettext as _

from ledger.projects.land.uploads.features import unreadable

MAX_MEMBERS = 64
MAX_UNPACKED = 64 * 1024 * 1024
_ARCHIVES = (".zip", ".kmz", ".rar", ".7z", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst")
_ZIP = b"PK\x03\x04"
_IS_LINK = 0o120000


class Archive:
    """The members of a zip file, by name; folders and what operating systems leave behind are not among them."""

    def __init__(self, file: str, content: bytes) -> None:
        """Look through the list of members.

        Raises: InvalidValue for what is no zip file, or has members that no honest one has.
        """
        self.file = file
        # How an entry of the list begins; counted before the list is read.
        if content.count(b"PK\x01\x02") > MAX_MEMBERS:
            raise unreadable(file, _("It has more than %(most)s files in it."), most=MAX_MEMBERS)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
            raise unreadable(file, _("It is no zip file, or a damaged one.")) from None
        members = self._zip.infolist()
        self._members = {name_of(member): member for member in members if not _is_aside(member)}
        for name, member in self._members.items():
            self._check(name, member)
        if sum(member.file_size for member in members) > MAX_UNPACKED:
            raise self._too_large()

    @property
    def names(self) -> list[str]:
        """The members' names, with their folders."""
        return list(self._members)

    def ending_in(self, *endings: str) -> list[str]:
        """Return the names that end so, in any letters."""
        return [name for name in self._members if name.lower().endswith(endings)]

    def read(self, name: str) -> bytes:
        """Return a member's content.

        Raises: InvalidValue where it is damaged, or larger than the archive says.
        """
        try:
            with self._zip.open(self._members[name]) as member:
                content = member.read(MAX_UNPACKED + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
            raise unreadable(self.file, _("“%(name)s” in it is damaged."), name=name[:60]) from None
        if len(content) > MAX_UNPACKED:
            raise self._too_large()
        if content.startswith(_ZIP):
            raise self._nested(name)
        return content

    def _check(self, name: str, member: zipfile.ZipInfo) -> None:
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or parts[0] == "" or ":" in parts[0] or "\x00" in name:
            raise unreadable(self.file, _("“%(name)s” in it points out of the archive."), name=name[:60])
        if (member.external_attr >> 16) & 0o170000 == _IS_LINK:
            raise unreadable(self.file, _("“%(name)s” in it is a link, not a file."), name=name[:60])
        if member.flag_bits & 0x1:
            raise unreadable(self.file, _("“%(name)s” in it has a password."), name=name[:60])
        if name.lower().endswith(_ARCHIVES):
            raise self._nested(name)

    def _nested(self, name: str) -> Exception:
        return unreadable(self.file, _("“%(name)s” in it is an archive itself. Pack the files once."), name=name[:60])

    def _too_large(self) -> Exception:
        most = MAX_UNPACKED // 1024 // 1024
        return unreadable(self.file, _("It unpacks to more than %(most)s MB."), most=most)


def is_zip(content: bytes) -> bool:
    """Return whether a file begins as zip files do."""
    return content.startswith((_ZIP, b"PK\x05\x06"))


def name_of(member: zipfile.ZipInfo) -> str:
    """Return a member's name as who packed it wrote it: Chinese Windows writes GBK and does not say so."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gbk")
    except UnicodeError:
        return member.filename


def _is_aside(member: zipfile.ZipInfo) -> bool:
    parts = member.filename.split("/")
    return member.is_dir() or parts[0] == "__MACOSX" or parts[-1] in (".DS_Store", "Thumbs.db")

"""The change stream of HipaaFs: decodes batches of row changes and applies them to the rows of a volume."""

import struct
from dataclasses import dataclass, field

from hipaafs_format import FormatError

UPSERT, TOMBSTONE, PAST = 1, 2, 3
INODE, ENTRY, XATTR, SYMLINK, EXTENT, SEGMENT, ORPHAN, SESSION, SNAPSHOT, SETTING, COUNTER = range(1, 12)
PREAMBLE = struct.Struct("<32sQB7s")
BATCH_HEADER = struct.Struct("<4sHHQQI")
CHANGE_HEADER = struct.Struct("<BBI")
INODE_ROW = struct.Struct("<QQIIIIIIIIqqqqqq")
SEGMENT_ROW = struct.Struct("<16sIBBHIqqqq")
STAGED = 1


class StreamPart:
    """The plaintext of one stream object: what it follows, where it leads, and its batches."""

    def __init__(self, plaintext):
        if len(plaintext) < PREAMBLE.size:
            raise FormatError("change stream: too short")
        self.previous, self.sequence, flags, zero = PREAMBLE.unpack_from(plaintext)
        if flags > 1 or any(zero):
            raise FormatError("change stream: unknown flags")
        self.is_backup_point = flags == 1
        self.batches = []
        place = PREAMBLE.size
        while place < len(plaintext):
            batch, place = _bytes(plaintext, place)
            self.batches.append(batch)


@dataclass
class Inode:
    born: int
    version: int
    mode: int
    uid: int
    gid: int
    links: int
    device: int
    domain: int
    placement: int
    flags: int
    size: int
    allocated: int
    access_time: int
    modify_time: int
    change_time: int
    birth_time: int


@dataclass
class Rows:
    """The live rows of a volume, as far as extraction needs them."""

    sequence: int = None                          # commit of the last backup point applied; None before one
    inodes: dict = field(default_factory=dict)    # inode -> Inode
    entries: dict = field(default_factory=dict)   # (parent, tag) -> (inode, sealed name)
    xattrs: dict = field(default_factory=dict)    # inode -> {tag: (sealed name, sealed value)}
    symlinks: dict = field(default_factory=dict)  # inode -> sealed target
    extents: dict = field(default_factory=dict)   # inode -> {file offset: (length, segment, plaintext offset)}
    copies: dict = field(default_factory=dict)    # segment -> numbers of the stores that have its object

    def apply(self, part):
        for batch in part.batches:
            self._apply_batch(batch)
        self.sequence = part.sequence

    def _apply_batch(self, encoded):
        if len(encoded) < BATCH_HEADER.size:
            raise FormatError("change batch: too short")
        magic, version, _, _, _, count = BATCH_HEADER.unpack_from(encoded)
        if magic != b"HFSC":
            raise FormatError("change batch: bad magic")
        if version != 1:
            raise FormatError(f"change batch: unsupported version {version}")
        place = BATCH_HEADER.size
        for _ in range(count):
            if len(encoded) - place < CHANGE_HEADER.size:
                raise FormatError("change: too short")
            table, kind, length = CHANGE_HEADER.unpack_from(encoded, place)
            place += CHANGE_HEADER.size
            if length > len(encoded) - place:
                raise FormatError("change: too short")
            try:
                self._apply(table, kind, encoded[place:place + length])
            except struct.error:
                raise FormatError("change: too short") from None
            place += length
        if place != len(encoded):
            raise FormatError("change batch: more bytes than changes")

    def _apply(self, table, kind, body):
        if kind not in (UPSERT, TOMBSTONE, PAST):
            raise FormatError(f"change: unknown kind {kind}")
        if kind == PAST:
            return  # Shown by snapshots only.
        if table == INODE:
            self._apply_inode(kind, body)
        elif table == ENTRY:
            self._apply_entry(kind, body)
        elif table == XATTR:
            self._apply_xattr(kind, body)
        elif table == SYMLINK:
            self._apply_symlink(kind, body)
        elif table == EXTENT:
            self._apply_extent(kind, body)
        elif table == SEGMENT:
            self._apply_segment(kind, body)
        elif table not in (ORPHAN, SESSION, SNAPSHOT, SETTING, COUNTER):
            raise FormatError(f"change: unknown table {table}")

    def _apply_inode(self, kind, body):
        (inode,) = struct.unpack_from("<Q", body)
        if kind == UPSERT:
            self.inodes[inode] = Inode(*INODE_ROW.unpack_from(body, 8))
            return
        self.inodes.pop(inode, None)
        self.symlinks.pop(inode, None)
        self.extents.pop(inode, None)
        self.xattrs.pop(inode, None)

    def _apply_entry(self, kind, body):
        parent, tag = struct.unpack_from("<Q16s", body)
        if kind == TOMBSTONE:
            self.entries.pop((parent, tag), None)
            return
        _, inode = struct.unpack_from("<QQ", body, 24)
        name, _ = _bytes(body, 40)
        self.entries[(parent, tag)] = (inode, name)

    def _apply_xattr(self, kind, body):
        inode, tag = struct.unpack_from("<Q16s", body)
        if kind == TOMBSTONE:
            self.xattrs.get(inode, {}).pop(tag, None)
            return
        name, place = _bytes(body, 32)
        value, _ = _bytes(body, place)
        self.xattrs.setdefault(inode, {})[tag] = (name, value)

    def _apply_symlink(self, kind, body):
        (inode,) = struct.unpack_from("<Q", body)
        if kind == TOMBSTONE:
            self.symlinks.pop(inode, None)
            return
        self.symlinks[inode], _ = _bytes(body, 16)

    def _apply_extent(self, kind, body):
        inode, offset = struct.unpack_from("<QQ", body)
        if kind == TOMBSTONE:
            self.extents.get(inode, {}).pop(offset, None)
            return
        _, length, segment, place = struct.unpack_from("<QQ16sQ", body, 16)
        self.extents.setdefault(inode, {})[offset] = (length, segment, place)

    def _apply_segment(self, kind, body):
        (segment,) = struct.unpack_from("<16s", body)
        if kind == TOMBSTONE:
            self.copies.pop(segment, None)
            return
        state = SEGMENT_ROW.unpack_from(body, 16)[3]
        place = 16 + SEGMENT_ROW.size
        if len(body) > place:
            (mask,) = struct.unpack_from("<Q", body, place)
        else:
            mask = 0 if state == STAGED else 1  # Written when there was one store.
        self.copies[segment] = [number for number in range(64) if mask >> number & 1]


def _bytes(body, place):
    (length,) = struct.unpack_from("<I", body, place)
    value = bytes(body[place + 4:place + 4 + length])
    if len(value) != length:
        raise FormatError("change: too short")
    return value, place + 4 + length

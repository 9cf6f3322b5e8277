"""Format 1 of HipaaFs, read side: segments, sealed names, key ring, key files.

Written from docs/format.md alone. Needs python3-cryptography 38 or newer. Nothing here writes.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

HEADER_SIZE = 64
FRAME_SIZE = 16384
TAG_SIZE = 16
SEALED_FRAME_SIZE = FRAME_SIZE + TAG_SIZE
TRAILER_SIZE = 32
INDEX_FIXED_SIZE = 16
RUN_SIZE = 24
MAGIC = b"HIPAAFS1"
KIND_FRAME = 1
KIND_INDEX = 2

RING_MAGIC = b"HIPAARNG"
RING_PREAMBLE_SIZE = 104
RING_KEY_SIZE = 100
RING_KEY_DESCRIPTION_SIZE = 40
BOX_SIZE = 60
EPOCH_ROOT = 1
NAME_SECRET = 2

SYMLINK_TARGET = 1
XATTR_NAME = 2
XATTR_VALUE = 3
ATTRIBUTE_LABELS = {SYMLINK_TARGET: b"target", XATTR_NAME: b"xattr name", XATTR_VALUE: b"xattr value"}


class FormatError(Exception):
    """The bytes are not what docs/format.md says, or do not open with the key."""


class WrongKey(FormatError):
    """No wrap of the ring opens with the given key."""


def hkdf(key, salt, info, length=32):
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(key)


def hkdf_expand(key, info, length):
    return HKDFExpand(algorithm=hashes.SHA256(), length=length, info=info).derive(key)


def hmac_sha256(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def gcm_open(key, nonce, sealed, associated_data):
    # cryptography 38 refuses nothing here but a wrong tag; a result of no bytes is a result.
    try:
        return AESGCM(key).decrypt(nonce, bytes(sealed), associated_data)
    except InvalidTag:
        raise FormatError("not authentic") from None


# --- segments -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SegmentHeader:
    raw: bytes
    segment: bytes
    epoch: bytes
    record_class: int


def read_header(data):
    raw = bytes(data[:HEADER_SIZE])
    if len(raw) < HEADER_SIZE:
        raise FormatError("header: too short")
    magic, version, suite, frame_size, segment, epoch, record_class, compression, reserved = struct.unpack(
        "<8sHHI16s16sBB14s", raw)
    if magic != MAGIC:
        raise FormatError("header: not a segment")
    if version != 1:
        raise FormatError(f"header: unsupported format {version}")
    if suite != 1:
        raise FormatError(f"header: unsupported suite {suite}")
    if frame_size != FRAME_SIZE:
        raise FormatError(f"header: unsupported frame size {frame_size}")
    if compression != 0:
        raise FormatError(f"header: unsupported compression {compression}")
    if record_class not in (1, 2, 3) or any(reserved):
        raise FormatError("header: damaged")
    return SegmentHeader(raw, segment, epoch, record_class)


def read_trailer(data):
    """Returns (index offset, index length) from the last 32 bytes of an object."""
    raw = bytes(data[-TRAILER_SIZE:])
    if len(raw) < TRAILER_SIZE:
        raise FormatError("trailer: too short")
    offset, length, reserved, magic = struct.unpack("<QI12s8s", raw)
    if magic != MAGIC:
        raise FormatError("trailer: not a segment")
    if any(reserved) or length < INDEX_FIXED_SIZE + TAG_SIZE:
        raise FormatError("trailer: damaged")
    return offset, length


def plaintext_length(frames_end):
    """Returns (frame count, plaintext length) of a segment whose frames end at this offset."""
    sealed = frames_end - HEADER_SIZE
    if sealed < 0:
        raise FormatError("trailer: index inside the header")
    whole, rest = divmod(sealed, SEALED_FRAME_SIZE)
    if 0 < rest <= TAG_SIZE:
        raise FormatError("trailer: no frame ends where the index begins")
    frames = whole + (1 if rest else 0)
    return frames, sealed - frames * TAG_SIZE


def segment_nonce(kind, number):
    return bytes([kind, 0, 0, 0]) + struct.pack(">Q", number)


def segment_key(root_key, header):
    return hkdf(root_key, header.segment, b"hipaafs segment 1")


@dataclass
class Index:
    frame_count: int
    plaintext_length: int
    runs: list  # (inode, file offset, length, plaintext offset)


def decode_index(encoded):
    if len(encoded) < INDEX_FIXED_SIZE:
        raise FormatError("index: too short")
    frame_count, run_count, length = struct.unpack_from("<IIQ", encoded)
    if len(encoded) != INDEX_FIXED_SIZE + run_count * RUN_SIZE:
        raise FormatError("index: length and run count disagree")
    if frame_count != -(-length // FRAME_SIZE):
        raise FormatError("index: frame count and plaintext length disagree")
    runs = [struct.unpack_from("<QQII", encoded, INDEX_FIXED_SIZE + i * RUN_SIZE) for i in range(run_count)]
    order = [(inode, offset, place) for inode, offset, _, place in runs]
    if order != sorted(set(order)):
        raise FormatError("index: not sorted")
    for _, offset, run_length, place in runs:
        if run_length == 0 or offset >= 1 << 63 or place + run_length > length:
            raise FormatError("index: run outside the plaintext")
    return Index(frame_count, length, runs)


class Segment:
    """One whole segment object in memory, opened with the root key of its epoch."""

    def __init__(self, data, root_key):
        self.data = data
        self.header = read_header(data)
        self._aead_key = segment_key(root_key, self.header)
        self._frames_end, index_length = read_trailer(data)
        if self._frames_end + index_length + TRAILER_SIZE != len(data):
            raise FormatError("trailer: the object's length is not what the trailer says")
        frames, length = plaintext_length(self._frames_end)
        sealed = data[self._frames_end:self._frames_end + index_length]
        self.index = decode_index(self._open(KIND_INDEX, frames, sealed))
        if self.index.frame_count != frames or self.index.plaintext_length != length:
            raise FormatError("index: frames are missing or added")

    def _open(self, kind, number, sealed):
        try:
            return gcm_open(self._aead_key, segment_nonce(kind, number), sealed, self.header.raw)
        except FormatError:
            what = "frame" if kind == KIND_FRAME else "index"
            raise FormatError(f"segment {self.header.segment.hex()}: {what} {number} is not authentic") from None

    def frame(self, number):
        start = HEADER_SIZE + number * SEALED_FRAME_SIZE
        end = min(start + SEALED_FRAME_SIZE, self._frames_end)
        return self._open(KIND_FRAME, number, self.data[start:end])

    def read(self, offset, length):
        if offset + length > self.index.plaintext_length:
            raise FormatError("segment: range outside the plaintext")
        out = bytearray()
        while length > 0:
            number, within = divmod(offset, FRAME_SIZE)
            piece = self.frame(number)[within:within + length]
            out += piece
            offset += len(piece)
            length -= len(piece)
        return bytes(out)


# --- names ----------------------------------------------------------------------------------------


class Names:
    """The keys of one domain's names."""

    def __init__(self, name_secret):
        self.tag_key = hkdf(name_secret, b"", b"hipaafs name tag 1")
        self.siv_key = hkdf(name_secret, b"", b"hipaafs name siv 1")
        self.seal_key = hkdf(name_secret, b"", b"hipaafs name seal 1")

    def tag(self, parent, name):
        return hmac_sha256(self.tag_key, struct.pack(">Q", parent) + name)[:16]

    def synthetic_tag(self, kind, inode, name, plaintext):
        prefix = struct.pack(">BQH", kind, inode, len(name))
        return hmac_sha256(self.siv_key, prefix + name + plaintext)[:16]

    def _open(self, label, inode, tag, sealed):
        secret = hkdf_expand(self.seal_key, label + tag, 44)
        return gcm_open(secret[:32], secret[32:], sealed, struct.pack(">Q", inode) + tag)

    def open_name(self, parent, tag, sealed):
        name = self._open(b"entry", parent, tag, sealed)
        if not 1 <= len(name) <= 255 or self.tag(parent, name) != tag:
            raise FormatError("name: not the name of its tag")
        return name

    def open_attribute(self, kind, inode, name, sealed):
        if len(sealed) < 32:
            raise FormatError("attribute: too short")
        tag = bytes(sealed[:16])
        plaintext = self._open(ATTRIBUTE_LABELS[kind], inode, tag, sealed[16:])
        if self.synthetic_tag(kind, inode, name, plaintext) != tag:
            raise FormatError("attribute: not the value of its tag")
        return plaintext


# --- key files and key-encryption keys ------------------------------------------------------------


def read_key_file(text):
    lines = [line.rstrip(b" \t\r") for line in text.split(b"\n")]
    if lines[0] != b"hipaafs-key-1" or len(lines) < 3 or any(lines[3:]):
        raise FormatError("key file: not a key file of format 1")
    try:
        key = base64.b64decode(lines[1], validate=True)
    except binascii.Error:
        raise FormatError("key file: damaged") from None
    checksum = hashlib.sha256(b"hipaafs-key-1\n" + key).hexdigest()[:16].encode()
    if len(key) != 32 or checksum != lines[2]:
        raise FormatError("key file: damaged")
    return key


class FileKey:
    kind = "file"

    def __init__(self, text):
        self.key = read_key_file(text)

    def wrapping_key(self, parameters):
        if len(parameters) != 32:
            raise FormatError("wrap: bad parameters")
        return hkdf(self.key, parameters, b"hipaafs wrap file 1")


class Passphrase:
    kind = "passphrase"

    def __init__(self, passphrase):
        self.passphrase = passphrase

    def wrapping_key(self, parameters):
        if len(parameters) < 20:
            raise FormatError("wrap: bad parameters")
        (iterations,) = struct.unpack_from("<I", parameters)
        kdf = PBKDF2HMAC(algorithm=hashes.SHA512(), length=32, salt=parameters[4:], iterations=iterations)
        return kdf.derive(self.passphrase)


def open_box(key, box, associated_data):
    if len(box) != BOX_SIZE:
        raise FormatError("box: bad length")
    return gcm_open(key, box[:12], box[12:], associated_data)


# --- key ring -------------------------------------------------------------------------------------


@dataclass
class Wrap:
    id: bytes
    created: int
    kind: str
    label: str
    parameters: bytes
    ciphertext: bytes


@dataclass
class SealedKey:
    description: bytes
    kind: int
    domain: int
    guard: int
    created: int
    id: bytes
    box: bytes


@dataclass
class Ring:
    raw: bytes
    volume: bytes
    generation: int
    created: int
    previous: bytes
    guards: dict = field(default_factory=dict)   # number -> [Wrap]
    domains: dict = field(default_factory=dict)  # number -> (state, created, current epoch)
    keys: list = field(default_factory=list)     # [SealedKey]
    roots: dict = field(default_factory=dict)    # epoch -> root key, once unlocked
    secrets: dict = field(default_factory=dict)  # domain -> name secret, once unlocked

    def unlock(self, kek):
        """Opens the volume's guard and every key under it; proves the document."""
        guard_key = self._guard_key(0, kek)
        mac_key = hkdf(guard_key, self.volume, b"hipaafs ring mac 1")
        if not hmac.compare_digest(hmac_sha256(mac_key, self.raw[:-64]), self.raw[-64:-32]):
            raise FormatError("ring: changed by someone without the volume's key")
        self._open_keys(0, guard_key)
        for guard in self.guards:
            if guard != 0:
                try:
                    self._open_keys(guard, self._guard_key(guard, kek))
                except WrongKey:
                    pass  # A domain with a key of its own stays closed.

    def _guard_key(self, guard, kek):
        for wrap in self.guards[guard]:
            if wrap.kind != kek.kind:
                continue
            context = b"hipaafs ring wrap 1" + self.volume + struct.pack("<I", guard) + wrap.id
            try:
                return open_box(kek.wrapping_key(wrap.parameters), wrap.ciphertext, context)
            except FormatError:
                continue
        raise WrongKey("ring: no wrap opens with this key")

    def _open_keys(self, guard, guard_key):
        for key in self.keys:
            if key.guard != guard:
                continue
            plain = open_box(hkdf(guard_key, key.id, b"hipaafs ring key 1"), key.box, self.volume + key.description)
            if key.kind == EPOCH_ROOT:
                self.roots[key.id] = plain
            else:
                self.secrets[key.domain] = plain


class _Cursor:
    def __init__(self, data):
        self.data = data
        self.place = 0

    def take(self, length):
        taken = self.data[self.place:self.place + length]
        if len(taken) != length:
            raise FormatError("ring: damaged")
        self.place += length
        return taken

    def unpack(self, layout):
        return struct.unpack(layout, self.take(struct.calcsize(layout)))


def read_ring(raw):
    raw = bytes(raw)
    if raw[:8] != RING_MAGIC[:len(raw)] or not raw:
        raise FormatError("ring: not a key ring")
    if len(raw) < RING_PREAMBLE_SIZE:
        raise FormatError("ring: truncated")
    if hashlib.sha256(raw[:96]).digest()[:8] != raw[96:104]:
        raise FormatError("ring: damaged")
    (_, version, zero, length, volume, generation, created, previous, guards, domains, keys, zero2) = struct.unpack(
        "<8sHHI16sQq32sIIII", raw[:96])
    if len(raw) < length:
        raise FormatError("ring: truncated")
    if len(raw) != length or length < 168 or hashlib.sha256(raw[:-32]).digest() != raw[-32:]:
        raise FormatError("ring: damaged")
    if version > 1:
        raise FormatError(f"ring: newer format {version}")
    if version != 1 or zero or zero2 or generation == 0:
        raise FormatError("ring: damaged")

    ring = Ring(raw, volume, generation, created, previous)
    body = _Cursor(raw[RING_PREAMBLE_SIZE:-64])
    for _ in range(guards):
        number, wraps = body.unpack("<II")
        ring.guards[number] = [_read_wrap(body) for _ in range(wraps)]
    for _ in range(domains):
        number, state, _, made, epoch = body.unpack("<IB3sq16s")
        ring.domains[number] = (state, made, epoch)
    for _ in range(keys):
        description = body.take(RING_KEY_DESCRIPTION_SIZE)
        kind, _, domain, guard, _, made, key_id = struct.unpack("<B3sIIIq16s", description)
        ring.keys.append(SealedKey(description, kind, domain, guard, made, key_id, body.take(BOX_SIZE)))
    if body.place != len(body.data) or 0 not in ring.guards:
        raise FormatError("ring: damaged")
    return ring


def _read_wrap(body):
    wrap_id, created, kind, label, parameters, ciphertext, zero = body.unpack("<16sqBBHHH")
    if zero or not kind:
        raise FormatError("ring: damaged")
    return Wrap(wrap_id, created, body.take(kind).decode("ascii"), body.take(label).decode("utf-8"),
                body.take(parameters), body.take(ciphertext))

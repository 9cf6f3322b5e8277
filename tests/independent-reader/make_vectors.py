#!/usr/bin/python3
"""Writes the golden vectors of format 1 below tests/vectors. Every random number is fixed, so the output never changes.

    make_vectors.py [DIRECTORY]

The vectors are made here and not by the driver, so that agreement means two implementations agree.
"""

import base64
import hashlib
import json
import stat
import struct
import sys
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import hipaafs_changes as changes
import hipaafs_format as fmt

ROOT_KEY = bytes(range(0x20, 0x40))
NAME_SECRET = bytes(range(0x40, 0x60))
SEGMENT = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
EPOCH = bytes.fromhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
VOLUME = bytes.fromhex("3f2504e04f8941d39a0c0305e82c3301")
KEK = bytes(range(0x80, 0xA0))
GUARD_KEY = bytes(range(0xA0, 0xC0))
SECOND_GUARD_KEY = bytes(range(0xC0, 0xE0))
PASSPHRASE = "correct horse battery staple"
ITERATIONS = 1000
CREATED = 1735689600000  # 2025-01-01 00:00:00 UTC
FRAME_LENGTHS = [1, 16383, 16384, 16385]


def pattern(length):
    """Byte i of every long plaintext is (7 i + i / 256) modulo 256."""
    return bytes((7 * i + i // 256) & 0xFF for i in range(length))


def label(text, length=16):
    """Stands for a random number: the first bytes of a hash of what it is for."""
    return hashlib.sha256(text.encode()).digest()[:length]


# --- sealing --------------------------------------------------------------------------------------


def header(segment, epoch, record_class):
    return struct.pack("<8sHHI16s16sBB14s", fmt.MAGIC, 1, 1, fmt.FRAME_SIZE, segment, epoch, record_class, 0, bytes(14))


def make_segment(root_key, segment, epoch, record_class, plaintext, runs):
    head = header(segment, epoch, record_class)
    aead = AESGCM(fmt.segment_key(root_key, fmt.read_header(head)))
    frames = [aead.encrypt(fmt.segment_nonce(1, i), plaintext[i * fmt.FRAME_SIZE:(i + 1) * fmt.FRAME_SIZE], head)
              for i in range(-(-len(plaintext) // fmt.FRAME_SIZE))]
    index = struct.pack("<IIQ", len(frames), len(runs), len(plaintext))
    index += b"".join(struct.pack("<QQII", *run) for run in sorted(runs, key=lambda run: (run[0], run[1], run[3])))
    sealed_index = aead.encrypt(fmt.segment_nonce(2, len(frames)), index, head)
    body = b"".join(frames)
    trailer = struct.pack("<QI12s8s", len(head) + len(body), len(sealed_index), bytes(12), fmt.MAGIC)
    return head + body + sealed_index + trailer


def seal_with_tag(names, text, inode, tag, plaintext):
    secret = fmt.hkdf_expand(names.seal_key, text + tag, 44)
    return AESGCM(secret[:32]).encrypt(secret[32:], plaintext, struct.pack(">Q", inode) + tag)


def seal_name(names, parent, name):
    tag = names.tag(parent, name)
    return tag, seal_with_tag(names, b"entry", parent, tag, name)


def seal_attribute(names, kind, inode, name, plaintext):
    tag = names.synthetic_tag(kind, inode, name, plaintext)
    return tag + seal_with_tag(names, fmt.ATTRIBUTE_LABELS[kind], inode, tag, plaintext)


def box(key, nonce, secret, associated_data):
    return nonce + AESGCM(key).encrypt(nonce, secret, associated_data)


def key_file(key):
    checksum = hashlib.sha256(b"hipaafs-key-1\n" + key).hexdigest()[:16]
    return f"hipaafs-key-1\n{base64.b64encode(key).decode()}\n{checksum}\n"


def make_wrap(volume, guard, guard_key, kek, parameters, text):
    wrap_id = label("wrap " + text)
    context = b"hipaafs ring wrap 1" + volume + struct.pack("<I", guard) + wrap_id
    sealed = box(kek.wrapping_key(parameters), label("nonce " + text, 12), guard_key, context)
    kind = kek.kind.encode()
    fixed = struct.pack("<16sqBBHHH", wrap_id, CREATED, len(kind), len(text.encode()), len(parameters), len(sealed), 0)
    return fixed + kind + text.encode() + parameters + sealed


def make_ring_key(volume, kind, domain, guard, guard_key, key_id, secret):
    description = struct.pack("<B3sIIIq16s", kind, bytes(3), domain, guard, 0, CREATED, key_id)
    key = fmt.hkdf(guard_key, key_id, b"hipaafs ring key 1")
    return description + box(key, label("nonce " + key_id.hex(), 12), secret, volume + description)


def make_ring(volume, generation, previous, guards, domains, keys, guard_key):
    body = b"".join(struct.pack("<II", number, len(wraps)) + b"".join(wraps) for number, wraps in guards)
    body += b"".join(struct.pack("<IB3sq16s", number, 1, bytes(3), CREATED, epoch) for number, epoch in domains)
    body += b"".join(keys)
    preamble = struct.pack("<8sHHI16sQq32sIIII", fmt.RING_MAGIC, 1, 0, fmt.RING_PREAMBLE_SIZE + len(body) + 64, volume,
                           generation, CREATED, previous, len(guards), len(domains), len(keys), 0)
    document = preamble + hashlib.sha256(preamble).digest()[:8] + body
    document += fmt.hmac_sha256(fmt.hkdf(guard_key, volume, b"hipaafs ring mac 1"), document)
    return document + hashlib.sha256(document).digest()


def make_batch(first, last, rows):
    out = changes.BATCH_HEADER.pack(b"HFSC", 1, 0, first, last, len(rows))
    return out + b"".join(changes.CHANGE_HEADER.pack(table, kind, len(body)) + body for table, kind, body in rows)


def make_stream_object(text, previous, sequence, is_backup_point, batches):
    plaintext = changes.PREAMBLE.pack(previous, sequence, is_backup_point, bytes(7))
    plaintext += b"".join(struct.pack("<I", len(batch)) + batch for batch in batches)
    return make_segment(ROOT_KEY, label(text), EPOCH, 2, plaintext, [])


# --- the vectors ----------------------------------------------------------------------------------


def segment_vectors():
    vectors = []
    for length in [0] + FRAME_LENGTHS:
        runs = [(7, 0, length, 0)] if length else []
        if length == 16385:
            runs = [(9, 4096, 1, 16384), (7, 0, 10000, 0), (7, 10000, 6384, 10000)]
        data = make_segment(ROOT_KEY, SEGMENT, EPOCH, 1, pattern(length), runs)
        segment = fmt.Segment(data, ROOT_KEY)
        vectors.append({
            "plaintext_length": length,
            "runs": [list(run) for run in segment.index.runs],
            "frames": segment.index.frame_count,
            "index_offset": fmt.read_trailer(data)[0],
            "object": data.hex(),
        })
    return {
        "root_key": ROOT_KEY.hex(),
        "segment_id": SEGMENT.hex(),
        "epoch_id": EPOCH.hex(),
        "segment_key": fmt.segment_key(ROOT_KEY, fmt.read_header(header(SEGMENT, EPOCH, 1))).hex(),
        "header": header(SEGMENT, EPOCH, 1).hex(),
        "plaintext": "byte i is (7 i + i / 256) modulo 256",
        "segments": vectors,
    }


def name_vectors():
    names = fmt.Names(NAME_SECRET)
    entries = []
    for parent, name in [(1, b"a"), (1, b"NA12878.bam"), (2, b"NA12878.bam"), ((1 << 48) - 1, "r\u00f6ntgen \u2622.dcm".encode()),
                         (1, b"\xff\xfe not text"), (300, b"n" * 255)]:
        tag, sealed = seal_name(names, parent, name)
        entries.append({"parent": parent, "name": name.hex(), "tag": tag.hex(), "sealed": sealed.hex()})
    attributes = []
    for kind, inode, name, plaintext in [
            (fmt.SYMLINK_TARGET, 5, b"", b"../reference/GRCh38.fa"), (fmt.SYMLINK_TARGET, 6, b"", b"../reference/GRCh38.fa"),
            (fmt.XATTR_NAME, 5, b"", b"user.mrn"), (fmt.XATTR_VALUE, 5, b"user.mrn", b"MRN 0012345"),
            (fmt.XATTR_VALUE, 5, b"user.empty", b""), (fmt.XATTR_VALUE, 5, b"user.long", pattern(4096))]:
        sealed = seal_attribute(names, kind, inode, name, plaintext)
        attributes.append({"kind": kind, "inode": inode, "name": name.hex(), "plaintext": plaintext.hex(), "sealed": sealed.hex()})
    return {
        "name_secret": NAME_SECRET.hex(),
        "tag_key": names.tag_key.hex(), "siv_key": names.siv_key.hex(), "seal_key": names.seal_key.hex(),
        "entries": entries, "attributes": attributes,
    }


def ring_of_one_guard(text="recovery"):
    file_kek = fmt.FileKey(key_file(KEK).encode())
    passphrase_kek = fmt.Passphrase(PASSPHRASE.encode())
    wraps = [
        make_wrap(VOLUME, 0, GUARD_KEY, file_kek, label("salt file", 32), "file"),
        make_wrap(VOLUME, 0, GUARD_KEY, passphrase_kek, struct.pack("<I", ITERATIONS) + label("salt passphrase", 32), text),
    ]
    keys = [
        make_ring_key(VOLUME, fmt.NAME_SECRET, 0, 0, GUARD_KEY, label("name secret 0"), NAME_SECRET),
        make_ring_key(VOLUME, fmt.EPOCH_ROOT, 0, 0, GUARD_KEY, EPOCH, ROOT_KEY),
    ]
    return wraps, keys


def ring_vectors():
    wraps, keys = ring_of_one_guard()
    first = make_ring(VOLUME, 1, bytes(32), [(0, wraps)], [(0, EPOCH)], keys, GUARD_KEY)
    second_epoch = label("epoch of domain 1")
    own = make_wrap(VOLUME, 1, SECOND_GUARD_KEY, fmt.Passphrase(b"domain one"),
                    struct.pack("<I", ITERATIONS) + label("salt domain", 32), "domain 1")
    keys = keys + [
        make_ring_key(VOLUME, fmt.NAME_SECRET, 1, 1, SECOND_GUARD_KEY, label("name secret 1"), label("secret of domain 1", 32)),
        make_ring_key(VOLUME, fmt.EPOCH_ROOT, 1, 1, SECOND_GUARD_KEY, second_epoch, label("root of domain 1", 32)),
    ]
    second = make_ring(VOLUME, 2, hashlib.sha256(first).digest(), [(0, wraps), (1, [own])], [(0, EPOCH), (1, second_epoch)],
                       keys, GUARD_KEY)
    return {
        "volume_id": VOLUME.hex(),
        "key_file": key_file(KEK),
        "passphrase": PASSPHRASE,
        "iterations": ITERATIONS,
        "guard_key": GUARD_KEY.hex(),
        "root_keys": {EPOCH.hex(): ROOT_KEY.hex()},
        "name_secret": NAME_SECRET.hex(),
        "ring": first.hex(),
        "second_passphrase": "domain one",
        "second_root_keys": {second_epoch.hex(): label("root of domain 1", 32).hex()},
        "second_ring": second.hex(),
    }


def inode_row(mode, size, links=1, uid=1000, gid=1000):
    times = [1735689600_123456789 + i for i in range(4)]
    return struct.pack("<QQIIIIIIIIqqqqqq", 1, 1, mode, uid, gid, links, 0, 0, 0, 0, size, size, *times)


def with_length(value):
    return struct.pack("<I", len(value)) + value


def volume_vector():
    """A whole small volume: a full stream, an increment, an object that is no backup point, two data segments."""
    names = fmt.Names(NAME_SECRET)
    small, large = b"protected health information\n", pattern(40000)
    data = [make_segment(ROOT_KEY, label(f"data {i}"), EPOCH, 1, plaintext, [(inode, 0, len(plaintext), 0)])
            for i, inode, plaintext in [(0, 3, small), (1, 5, large)]]

    def entry(parent, name, inode):
        tag, sealed = seal_name(names, parent, name)
        return changes.ENTRY, changes.UPSERT, struct.pack("<Q16sQQ", parent, tag, 1, inode) + with_length(sealed)

    def inode(number, mode, size, **rest):
        return changes.INODE, changes.UPSERT, struct.pack("<Q", number) + inode_row(mode, size, **rest)

    def extent(number, offset, length, segment, place):
        return changes.EXTENT, changes.UPSERT, struct.pack("<QQQQ16sQ", number, offset, 1, length, segment, place)

    xattr_name = seal_attribute(names, fmt.XATTR_NAME, 3, b"", b"user.mrn")
    xattr_value = seal_attribute(names, fmt.XATTR_VALUE, 3, b"user.mrn", b"MRN 0012345")
    target = seal_attribute(names, fmt.SYMLINK_TARGET, 4, b"", b"study/report.txt")
    full = make_batch(10, 10, [
        inode(1, stat.S_IFDIR | 0o755, 0, links=3), inode(2, stat.S_IFDIR | 0o750, 0, links=2),
        inode(3, stat.S_IFREG | 0o640, len(small), links=2), inode(4, stat.S_IFLNK | 0o777, 16),
        inode(6, stat.S_IFREG | 0o600, 5),
        entry(1, b"study", 2), entry(2, b"report.txt", 3), entry(1, b"hard link", 3), entry(1, b"link", 4), entry(1, b"gone", 6),
        (changes.XATTR, changes.UPSERT, struct.pack("<Q16sQ", 3, xattr_name[:16], 1) + with_length(xattr_name) + with_length(xattr_value)),
        (changes.SYMLINK, changes.UPSERT, struct.pack("<QQ", 4, 1) + with_length(target)),
        extent(3, 0, len(small), label("data 0"), 0),
        (changes.COUNTER, changes.UPSERT, struct.pack("<IQ", 1, 100)),
        (changes.SETTING, changes.UPSERT, with_length(b"example") + with_length(b"value")),
    ])
    gone_tag, _ = seal_name(names, 1, b"gone")
    update = make_batch(11, 12, [
        inode(5, stat.S_IFREG | 0o644, 50000), entry(2, b"sparse.bin", 5),
        extent(5, 0, 20000, label("data 1"), 0), extent(5, 30000, 20000, label("data 1"), 20000),
        (changes.INODE, changes.TOMBSTONE, struct.pack("<Q", 6)),
        (changes.ENTRY, changes.TOMBSTONE, struct.pack("<Q16s", 1, gone_tag)),
    ])
    lost = make_batch(13, 13, [(changes.INODE, changes.TOMBSTONE, struct.pack("<Q", 3))])
    first = make_stream_object("stream 1", bytes(32), 10, True, [full])
    second = make_stream_object("stream 2", hashlib.sha256(first).digest(), 12, True, [update])
    third = make_stream_object("stream 3", hashlib.sha256(second).digest(), 13, False, [lost])
    wraps, keys = ring_of_one_guard()
    objects = {
        f"keyring/{1:016x}": make_ring(VOLUME, 1, bytes(32), [(0, wraps)], [(0, EPOCH)], keys, GUARD_KEY),
        f"stream/{1:016x}-{1:016x}-full": first,
        f"stream/{1:016x}-{2:016x}-incr": second,
        f"stream/{2:016x}-{0:016x}-incr": third,
    }
    for segment in data:
        name = fmt.read_header(segment).segment.hex()
        objects[f"seg/{name[:2]}/{name}"] = segment
    sparse = large[:20000] + bytes(10000) + large[20000:]
    return {
        "key_file": key_file(KEK),
        "passphrase": PASSPHRASE,
        "objects": {key: value.hex() for key, value in objects.items()},
        "files": {
            "study/report.txt": {"mode": "640", "sha256": hashlib.sha256(small).hexdigest()},
            "hard link": {"mode": "640", "sha256": hashlib.sha256(small).hexdigest()},
            "study/sparse.bin": {"mode": "644", "sha256": hashlib.sha256(sparse).hexdigest()},
        },
        "symlinks": {"link": "study/report.txt"},
        "directories": {"study": "750"},
        "xattrs": {"study/report.txt": {"user.mrn": "MRN 0012345"}},
    }


def main(directory):
    for name, content in [("segments", segment_vectors()), ("names", name_vectors()), ("keyring", ring_vectors()),
                          ("volume", volume_vector())]:
        path = Path(directory) / f"format-1-{name}.json"
        path.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "vectors")

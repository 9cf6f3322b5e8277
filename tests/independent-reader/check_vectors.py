#!/usr/bin/python3
"""Opens every golden vector, and the examples of docs/format.md, with the independent reader. Prints one line a file; exit code 1 when one does not agree."""

import contextlib
import hashlib
import io
import json
import os
import re
import sys
import tempfile
from pathlib import Path

import hipaafs_changes
import hipaafs_format as fmt
import hipaafs_reader

VECTORS = Path(__file__).resolve().parent.parent / "vectors"


def pattern(length):
    return bytes((7 * i + i // 256) & 0xFF for i in range(length))


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def refuses(action, what):
    try:
        action()
    except fmt.FormatError:
        return
    raise AssertionError(f"{what} was not refused")


def flipped(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)


def check_segments(vectors):
    root = bytes.fromhex(vectors["root_key"])
    header = fmt.read_header(bytes.fromhex(vectors["header"]))
    check(header.segment.hex() == vectors["segment_id"], "segment id")
    check(fmt.segment_key(root, header).hex() == vectors["segment_key"], "segment key")
    for vector in vectors["segments"]:
        data = bytes.fromhex(vector["object"])
        segment = fmt.Segment(data, root)
        length = vector["plaintext_length"]
        check(segment.read(0, length) == pattern(length), f"plaintext of {length}")
        check([list(run) for run in segment.index.runs] == vector["runs"], f"runs of {length}")
        check(segment.index.frame_count == vector["frames"], f"frames of {length}")
        refuses(lambda: fmt.Segment(data[:-1], root), "a truncated segment")
        refuses(lambda: fmt.Segment(data, bytes(32)), "a wrong key")
        if length:
            broken = fmt.Segment(flipped(data, 8 * fmt.HEADER_SIZE), root)
            refuses(lambda: broken.frame(0), "a changed frame")


def check_names(vectors):
    names = fmt.Names(bytes.fromhex(vectors["name_secret"]))
    check(names.tag_key.hex() == vectors["tag_key"] and names.seal_key.hex() == vectors["seal_key"], "name keys")
    for entry in vectors["entries"]:
        tag, sealed = bytes.fromhex(entry["tag"]), bytes.fromhex(entry["sealed"])
        check(names.open_name(entry["parent"], tag, sealed).hex() == entry["name"], "name")
        refuses(lambda: names.open_name(entry["parent"] ^ 1, tag, sealed), "a name in another directory")
    for entry in vectors["attributes"]:
        sealed, name = bytes.fromhex(entry["sealed"]), bytes.fromhex(entry["name"])
        opened = names.open_attribute(entry["kind"], entry["inode"], name, sealed)
        check(opened.hex() == entry["plaintext"], "attribute")
        refuses(lambda: names.open_attribute(entry["kind"], entry["inode"] + 1, name, sealed), "an attribute of another inode")


def check_ring(vectors):
    keks = [fmt.FileKey(vectors["key_file"].encode()), fmt.Passphrase(vectors["passphrase"].encode())]
    raw = bytes.fromhex(vectors["ring"])
    for kek in keks:
        ring = fmt.read_ring(raw)
        ring.unlock(kek)
        check({key.hex(): root.hex() for key, root in ring.roots.items()} == vectors["root_keys"], "root keys")
        check(ring.secrets[0].hex() == vectors["name_secret"], "name secret")
    for bit in range(0, len(raw) * 8):
        refuses(lambda: fmt.read_ring(flipped(raw, bit)), f"a ring with bit {bit} changed")
    second = fmt.read_ring(bytes.fromhex(vectors["second_ring"]))
    second.unlock(keks[0])
    check(second.previous == hashlib.sha256(raw).digest(), "chain of generations")
    check(set(second.roots) == {bytes.fromhex(key) for key in vectors["root_keys"]}, "a closed domain stays closed")
    refuses(lambda: fmt.read_ring(raw).unlock(fmt.Passphrase(b"wrong")), "a wrong passphrase")


def read_volume(*arguments):
    """Runs the reader as from the command line; gives its exit code and what it said."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        return hipaafs_reader.main([str(argument) for argument in arguments]), said.getvalue()


def check_volume(vectors):
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        store = root / "store"
        for key, value in vectors["objects"].items():
            path = store / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes.fromhex(value))
        (root / "key").write_text(vectors["key_file"])
        (root / "passphrase").write_text(vectors["passphrase"] + "\n")
        (root / "wrong").write_text("wrong\n")
        check_tree(vectors, root, "--key", root / "key")
        check_tree(vectors, root, "--passphrase-file", root / "passphrase")
        check(read_volume("--store", store, "--passphrase-file", root / "wrong", "--out", root / "none")[0] == 4, "wrong key")
        check_verbs(vectors, root, store)
        check_damage(vectors, root, store)


def check_tree(vectors, root, *key):
    out = root / f"out {key[0]}"
    code, said = read_volume("--store", root / "store", *key, "--out", out)
    check(code == 0, f"extraction: {said}")
    for name, file in vectors["files"].items():
        check(hashlib.sha256((out / name).read_bytes()).hexdigest() == file["sha256"], f"content of {name}")
        check(f"{(out / name).stat().st_mode & 0o7777:o}" == file["mode"], f"mode of {name}")
    for name, target in vectors["symlinks"].items():
        check(os.readlink(out / name) == target, f"target of {name}")
    for name, mode in vectors["directories"].items():
        check(f"{(out / name).stat().st_mode & 0o7777:o}" == mode, f"mode of {name}")
    found = {str(path.relative_to(out)) for path in out.rglob("*")}
    check(found == set(vectors["files"]) | set(vectors["symlinks"]) | set(vectors["directories"]), "tree")
    check((out / "hard link").stat().st_ino == (out / "study/report.txt").stat().st_ino, "hard link")


def check_verbs(vectors, root, store):
    ring = next(store.glob("keyring/*"))
    code, said = read_volume("ring", ring, "--key", root / "key")
    check(code == 0 and "domain 0 state 1" in said and "open" in said, "ring verb")
    for path in store.glob("seg/*/*"):
        code, said = read_volume("segment", path, "--ring", ring, "--key", root / "key")
        check(code == 0 and "are authentic" in said, "segment verb")


def check_damage(vectors, root, store):
    """One changed bit of a data segment costs that file and no other, and is reported."""
    for path in sorted(store.glob("seg/*/*")):
        whole = path.read_bytes()
        path.write_bytes(flipped(whole, 8 * fmt.HEADER_SIZE + 3))
        out = root / f"damaged {path.name}"
        code, said = read_volume("--store", store, "--key", root / "key", "--out", out)
        check(code == 1 and "not authentic" in said and "1 failures" in said, f"damage was not reported: {said}")
        path.write_bytes(whole)
    full = next(store.glob("stream/*-full"))
    full.write_bytes(flipped(full.read_bytes(), 8 * fmt.HEADER_SIZE))
    code, said = read_volume("--store", store, "--key", root / "key", "--out", root / "none")
    check(code == 1 and "no full change stream" in said, "damage of the change stream was not reported")


def check_document():
    """The examples of docs/format.md that HipaaFs.Crypto does not know: the change stream's."""
    text = (VECTORS.parent.parent / "docs" / "format.md").read_text()
    batch = bytes.fromhex(re.search(r"```hex batch\n(.*?)```", text, re.DOTALL)[1])
    rows = hipaafs_changes.Rows()
    rows.apply(part_of(12, batch))
    ((parent, tag), (inode, sealed)), = rows.entries.items()
    names = fmt.Names(bytes(range(0x40, 0x60)))
    check((parent, inode, rows.sequence) == (1, 7, 12), "row of the batch")
    check(names.open_name(parent, tag, sealed) == b"NA12878.bam", "name in the batch")
    move = bytes.fromhex(re.search(r"```hex move\n(.*?)```", text, re.DOTALL)[1])
    rows.apply(part_of(13, move))
    check(rows.extents == {7: {0: (4096, bytes(range(0xA0, 0xB0)), 0)}}, "live row of the move, and no past one")
    copies = bytes.fromhex(re.search(r"```hex copies\n(.*?)```", text, re.DOTALL)[1])
    check(copies_of(copies) == [0, 2], "stores that have a segment")
    check(copies_of(shortened(copies, state=2)) == [0], "a live segment of an older writer is in store 0")
    check(copies_of(shortened(copies, state=1)) == [], "a staged segment of an older writer is in no store")
    reader = hipaafs_reader.Volume(hipaafs_reader.Store(VECTORS / "none"), None)
    reader.rows = rows
    rows.apply(part_of(14, copies))
    try:
        reader.segment(bytes(range(16)))
        check(False, "a segment that is not there was read")
    except fmt.FormatError as error:
        check("stores that have it: 0, 2" in str(error), "where a segment is")


def part_of(sequence, batch):
    """An object of the change stream with one batch."""
    return hipaafs_changes.StreamPart(
        bytes(32) + sequence.to_bytes(8, "little") + bytes(8) + len(batch).to_bytes(4, "little") + batch)


def copies_of(batch):
    """The stores of the one segment in a batch."""
    rows = hipaafs_changes.Rows()
    rows.apply(part_of(1, batch))
    (stores,) = rows.copies.values()
    return stores


def shortened(batch, state):
    """The batch as it was before rows of segments had copies, the segment in a state."""
    row = bytearray(batch[:-8])
    row[30] -= 8                       # The low byte of the change's length.
    row[34 + 16 + 16 + 4 + 1] = state  # Behind key, epoch, domain and class.
    return bytes(row)


CHECKS = {"segments": check_segments, "names": check_names, "keyring": check_ring, "volume": check_volume}


def main():
    failed = False
    checks = {name: lambda run=run, name=name: run(json.loads((VECTORS / f"format-1-{name}.json").read_text()))
              for name, run in CHECKS.items()}
    checks["document"] = check_document
    for name, run in checks.items():
        try:
            run()
            print(f"{name}: ok")
        except (AssertionError, fmt.FormatError, OSError) as error:
            failed = True
            print(f"{name}: {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

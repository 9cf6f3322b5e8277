#!/usr/bin/python3
"""Extracts the files of a HipaaFs volume from a store directory, the key ring and a key. Needs nothing else of HipaaFs.

    hipaafs_reader.py --store DIR (--key FILE | --passphrase-file FILE) [--ring FILE] --out DIR
    hipaafs_reader.py segment FILE ... [--ring FILE (--key FILE | --passphrase-file FILE)]
    hipaafs_reader.py ring FILE ... [--key FILE | --passphrase-file FILE]

Exit codes: 0 everything was extracted; 1 something was not, and standard error says what; 2 usage; 4 key.
"""

import argparse
import hashlib
import os
import re
import stat
import sys
from pathlib import Path

import hipaafs_format as fmt
from hipaafs_changes import Rows, StreamPart

ROOT_INODE = 1
STREAM_NAME = re.compile(r"([0-9a-f]{16})-([0-9a-f]{16})-(full|incr)\Z")
COPY_SIZE = 4 << 20


class Store:
    """A directory whose files are the objects, by their keys."""

    def __init__(self, directory):
        self.directory = Path(directory)

    def read(self, key):
        return (self.directory / key).read_bytes()

    def list(self, folder):
        directory = self.directory / folder
        return sorted(entry.name for entry in directory.iterdir()) if directory.is_dir() else []


class Volume:
    def __init__(self, store, ring):
        self.store = store
        self.ring = ring
        self.rows = Rows()
        self._names = {}
        self._segment = None
        self._parents = None

    def root_key(self, epoch):
        key = self.ring.roots.get(epoch)
        if key is None:
            raise fmt.FormatError(f"the ring does not hold the root key of epoch {epoch.hex()}")
        return key

    def names(self, domain):
        if domain not in self._names:
            if domain not in self.ring.secrets:
                raise fmt.FormatError(f"the ring does not hold the name secret of domain {domain}")
            self._names[domain] = fmt.Names(self.ring.secrets[domain])
        return self._names[domain]

    def open_object(self, key):
        data = self.store.read(key)
        return fmt.Segment(data, self.root_key(fmt.read_header(data).epoch)), data

    def segment(self, segment_id):
        if self._segment is None or self._segment.header.segment != segment_id:
            name = segment_id.hex()
            try:
                segment, _ = self.open_object(f"seg/{name[:2]}/{name}")
            except FileNotFoundError:
                stores = ", ".join(map(str, self.rows.copies.get(segment_id, []))) or "none"
                raise fmt.FormatError(f"segment {name} is not in this store; stores that have it: {stores}") from None
            if segment.header.segment != segment_id or segment.header.record_class != 1:
                raise fmt.FormatError(f"segment {name}: the object is another segment")
            self._segment = segment
        return self._segment

    def load_stream(self, warn):
        """Applies the newest full stream object that can be read, then every later one that chains to it."""
        self._parents = None
        objects = []
        for name in self.store.list("stream"):
            match = STREAM_NAME.match(name)
            if match:
                objects.append((int(match[1], 16), int(match[2], 16), match[3], name))
        objects.sort()
        for start in reversed([entry for entry in objects if entry[2] == "full"]):
            try:
                self._load_chain(start, objects, warn)
                return
            except (OSError, fmt.FormatError) as error:
                warn(f"stream/{start[3]}: {error}; an older full stream is used")
                self.rows = Rows()
        raise fmt.FormatError("the store holds no full change stream that can be read")

    def _load_chain(self, start, objects, warn):
        """Applies a chain up to its last backup point: after any other object the volume may not be whole."""
        part, last_hash = self._read_object(start[3])
        followers = {}
        for entry in objects:
            if entry > start and entry[2] == "incr":
                try:
                    follower, object_hash = self._read_object(entry[3])
                    followers[follower.previous] = (follower, object_hash)  # Of two, the newer session's.
                except (OSError, fmt.FormatError) as error:
                    warn(f"stream/{entry[3]}: {error}; later changes may be missing")
        pending = []
        while part is not None:
            pending.append(part)
            if part.is_backup_point:
                for each in pending:
                    self.rows.apply(each)
                pending = []
            part, last_hash = followers.pop(last_hash, (None, None))
        if followers:
            warn(f"{len(followers)} change stream objects do not continue the chain and are left out")
        if self.rows.sequence is None:
            raise fmt.FormatError("the chain has no backup point")

    def _read_object(self, name):
        segment, data = self.open_object(f"stream/{name}")
        if segment.header.record_class != 2:
            raise fmt.FormatError("not a change stream")
        return StreamPart(segment.read(0, segment.index.plaintext_length)), hashlib.sha256(data).digest()

    def children(self, directory):
        """Yields (name, inode) of a directory's entries."""
        parent_domain = self.rows.inodes[directory].domain
        for tag, inode, sealed in self._by_parent().get(directory, []):
            child = self.rows.inodes.get(inode)
            is_domain_root = child is not None and stat.S_ISDIR(child.mode) and child.domain != parent_domain
            yield self.names(child.domain if is_domain_root else parent_domain).open_name(directory, tag, sealed), inode

    def _by_parent(self):
        if self._parents is None:
            self._parents = {}
            for (parent, tag), (inode, sealed) in self.rows.entries.items():
                self._parents.setdefault(parent, []).append((tag, inode, sealed))
        return self._parents

    def xattrs(self, inode):
        names = self.names(self.rows.inodes[inode].domain)
        for tag, (sealed_name, sealed_value) in self.rows.xattrs.get(inode, {}).items():
            name = names.open_attribute(fmt.XATTR_NAME, inode, b"", sealed_name)
            if sealed_name[:16] != tag:
                raise fmt.FormatError("xattr: the name is not the name of its tag")
            yield name, names.open_attribute(fmt.XATTR_VALUE, inode, name, sealed_value)


class Extraction:
    """Writes the tree of a volume below a directory. What cannot be done is reported, and the rest goes on."""

    def __init__(self, volume, out, warn):
        self.volume = volume
        self.out = os.fsencode(out)
        self.warn = warn
        self.failures = 0
        self.files = 0
        self._made = {}  # inode -> path, for hard links

    def run(self):
        os.makedirs(self.out, exist_ok=True)
        stack = [(ROOT_INODE, self.out)]
        finished = []
        while stack:
            inode, path = stack.pop()
            finished.append((inode, path))
            for name, child in sorted(self._children(inode)):
                if name in (b".", b"..") or b"/" in name or b"\0" in name:
                    self._fail(path, "an entry's name cannot be a file name here")
                    continue
                target = path + b"/" + name
                if child not in self.volume.rows.inodes:
                    self._fail(target, "the entry's inode is missing")
                elif self._make(child, target):
                    stack.append((child, target))
        for inode, path in reversed(finished):  # Children first, for they change the times of their directory.
            self._attributes(inode, path)

    def _children(self, inode):
        try:
            return list(self.volume.children(inode))
        except fmt.FormatError as error:
            self._fail(b"inode %d" % inode, error)
            return []

    def _make(self, inode, path):
        """Makes one file of any type. Returns whether it is a directory to go into."""
        row = self.volume.rows.inodes[inode]
        try:
            if inode in self._made:
                os.link(self._made[inode], path, follow_symlinks=False)
                return False
            if stat.S_ISDIR(row.mode):
                os.mkdir(path, 0o700)
                return True
            self._made[inode] = path
            if stat.S_ISREG(row.mode):
                self._write_file(inode, row, path)
            elif stat.S_ISLNK(row.mode):
                names = self.volume.names(row.domain)
                os.symlink(names.open_attribute(fmt.SYMLINK_TARGET, inode, b"", self.volume.rows.symlinks[inode]), path)
            else:
                os.mknod(path, row.mode, row.device)
            self._attributes(inode, path)
            self.files += 1
        except (OSError, KeyError, fmt.FormatError) as error:
            self._fail(path, error)
        return False

    def _write_file(self, inode, row, path):
        with open(path, "xb") as file:
            for offset, (length, segment_id, place) in sorted(self.volume.rows.extents.get(inode, {}).items()):
                length = min(length, row.size - offset)
                while length > 0:
                    piece = self.volume.segment(segment_id).read(place, min(length, COPY_SIZE))
                    file.seek(offset)
                    file.write(piece)
                    offset += len(piece)
                    place += len(piece)
                    length -= len(piece)
            file.truncate(row.size)

    def _attributes(self, inode, path):
        row = self.volume.rows.inodes[inode]
        is_link = stat.S_ISLNK(row.mode)
        if os.geteuid() == 0:
            self._try(path, "owner", lambda: os.lchown(path, row.uid, row.gid))
        self._restore_xattrs(inode, path)
        if not is_link:
            self._try(path, "mode", lambda: os.chmod(path, stat.S_IMODE(row.mode)))
        self._try(path, "times", lambda: os.utime(
            path, ns=(row.access_time, row.modify_time), follow_symlinks=False))

    def _restore_xattrs(self, inode, path):
        try:
            for name, value in self.volume.xattrs(inode):
                self._try(path, "extended attribute", lambda n=name, v=value: os.setxattr(path, n, v, follow_symlinks=False))
        except fmt.FormatError as error:
            self._fail(path, error)

    def _try(self, path, what, action):
        try:
            action()
        except OSError as error:
            self.warn(f"{os.fsdecode(path)}: {what}: {error.strerror}")

    def _fail(self, path, error):
        self.failures += 1
        self.warn(f"{os.fsdecode(path)}: {error}")


def read_kek(arguments):
    if arguments.key:
        return fmt.FileKey(Path(arguments.key).read_bytes())
    if arguments.passphrase_file:
        text = Path(arguments.passphrase_file).read_bytes()
        if text.endswith(b"\n"):
            text = text[:-1].removesuffix(b"\r")
        return fmt.Passphrase(text)
    return None


def find_ring(store, kek, warn):
    """The newest generation in the store that is whole and opens."""
    wrong_key = None
    for name in reversed(store.list("keyring")):
        try:
            ring = fmt.read_ring(store.read(f"keyring/{name}"))
            ring.unlock(kek)
            return ring
        except fmt.WrongKey as error:
            wrong_key = error
        except (OSError, fmt.FormatError) as error:
            warn(f"keyring/{name}: {error}")
    raise wrong_key or fmt.FormatError("the store holds no key ring that can be read")


def load_ring(path, kek):
    ring = fmt.read_ring(Path(path).read_bytes())
    if kek is not None:
        ring.unlock(kek)
    return ring


def extract(arguments, warn):
    kek = read_kek(arguments)
    if kek is None:
        warn("--key or --passphrase-file is needed")
        return 2
    store = Store(arguments.store)
    ring = load_ring(arguments.ring, kek) if arguments.ring else find_ring(store, kek, warn)
    volume = Volume(store, ring)
    volume.load_stream(warn)
    extraction = Extraction(volume, arguments.out, warn)
    extraction.run()
    print(f"volume {ring.volume.hex()}, ring generation {ring.generation}, commit {volume.rows.sequence}: "
          f"{extraction.files} files, {extraction.failures} failures")
    return 1 if extraction.failures else 0


def show_segment(arguments, warn):
    kek = read_kek(arguments)
    ring = load_ring(arguments.ring, kek) if arguments.ring and kek else None
    for path in arguments.files:
        data = Path(path).read_bytes()
        header = fmt.read_header(data)
        offset, length = fmt.read_trailer(data)
        frames, plaintext = fmt.plaintext_length(offset)
        print(f"{path}: segment {header.segment.hex()} epoch {header.epoch.hex()} class {header.record_class} "
              f"frames {frames} plaintext {plaintext} index {length} at {offset}")
        root = ring.roots.get(header.epoch) if ring else None
        if root is None:
            continue
        segment = fmt.Segment(data, root)
        for number in range(frames):
            segment.frame(number)
        for inode, file_offset, run_length, place in segment.index.runs:
            print(f"  inode {inode} offset {file_offset} length {run_length} at {place}")
        print(f"  index and {frames} frames are authentic")
    return 0


def show_ring(arguments, warn):
    kek = read_kek(arguments)
    for path in arguments.files:
        ring = load_ring(path, kek)
        print(f"{path}: volume {ring.volume.hex()} generation {ring.generation} previous {ring.previous.hex()}")
        for guard, wraps in ring.guards.items():
            for wrap in wraps:
                print(f"  guard {guard} wrap {wrap.id.hex()} {wrap.kind} {wrap.label!r}")
        for domain, (state, _, epoch) in ring.domains.items():
            print(f"  domain {domain} state {state} current epoch {epoch.hex()}")
        for key in ring.keys:
            held = "open" if key.id in ring.roots or (key.kind == fmt.NAME_SECRET and key.domain in ring.secrets) else "sealed"
            print(f"  key {key.id.hex()} kind {key.kind} domain {key.domain} guard {key.guard} {held}")
    return 0


def parse(argv):
    parser = argparse.ArgumentParser(description="Extracts the files of a HipaaFs volume.")
    if argv and argv[0] in ("segment", "ring"):
        parser.add_argument("verb")
        parser.add_argument("files", nargs="+")
        parser.add_argument("--ring")
    else:
        parser.set_defaults(verb="extract")
        parser.add_argument("--store", required=True)
        parser.add_argument("--out", required=True)
        parser.add_argument("--ring", help="use this ring instead of the newest one in the store")
    parser.add_argument("--key", help="a key file")
    parser.add_argument("--passphrase-file")
    return parser.parse_args(argv)


def main(argv):
    def warn(message):
        print(message, file=sys.stderr)

    arguments = parse(argv)
    verbs = {"extract": extract, "segment": show_segment, "ring": show_ring}
    try:
        return verbs[arguments.verb](arguments, warn)
    except fmt.WrongKey as error:
        warn(error)
        return 4
    except (OSError, fmt.FormatError) as error:
        warn(error)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

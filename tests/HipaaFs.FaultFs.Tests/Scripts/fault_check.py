"""Checks what a crash left on a mount: a prefix of the steps of fault_model.py, with all that was promised.

Usage: fault_check.py ROOT JOURNAL SEED OPERATIONS [PROMISED]
OPERATIONS: how many the disk had taken when the power went. PROMISED: the last step that must be there, where that is another one
than the last that promises it: a restore knows no more than the store. Prints what is wrong; then uses the mount once more.
"""

import os
import stat
import sys

from fault_model import DURABLE, PAGE, Model, steps_of


def observe(root):
    names, first = {}, {}
    for directory, folders, files in os.walk(root):
        for name in folders + files:
            full = os.path.join(directory, name)
            names[os.path.relpath(full, root)] = os.lstat(full)
    shape = []
    for path in sorted(names):
        status = names[path]
        full = os.path.join(root, path)
        first.setdefault(status.st_ino, path)
        extra = {"mode": stat.S_IMODE(status.st_mode)}
        kind = "directory" if stat.S_ISDIR(status.st_mode) else "link" if stat.S_ISLNK(status.st_mode) else "file"
        if kind == "link":
            extra["target"] = os.readlink(full)
        elif kind == "file":
            for attribute in os.listxattr(full):
                extra[attribute] = os.getxattr(full, attribute).decode()
        shape.append((path, first[status.st_ino], kind, tuple(sorted(extra.items()))))
    return tuple(shape)


def read(journal, operations):
    """Steps that had ended, how many had begun."""
    ended, begun = 0, 0
    with open(journal, encoding="ascii") as notes:
        for line in notes:
            word, number, count = line.split()
            if int(count) <= operations:
                if word == "end":
                    ended = int(number)
                elif word == "begin":
                    begun = int(number)
    return ended, begun


def wrong_content(path, content, versions):
    """Why the content is none that the file may have; versions are those between the last that is promised and the last begun."""
    sizes = [len(version) for version in versions]
    if not min(sizes) <= len(content) <= max(sizes):
        return f"{path}: {len(content)} bytes, not {min(sizes)} to {max(sizes)}"
    for at in range(0, len(content), PAGE):
        page = content[at:at + PAGE]
        if not any(len(version) >= at + len(page) and version[at:at + len(page)] == page for version in versions):
            return f"{path}: wrong from byte {at} of {len(content)}, {page.count(0)} zeros in the page; {len(versions)} versions are right"
    return None


def wrong_files(root, model, whole, promised, applied):
    """What is wrong with the files if the tree is that of the model after `applied` steps."""
    for path, inode in sorted(model.names.items()):
        if model.kinds[inode] != "file":
            continue
        least = max([step for step in whole.synced[inode] if step <= promised] + [step for step in whole.applied[inode] if step <= applied], default=0)
        kept = [content for step, content in whole.versions[inode] if step <= least][-1:]
        later = [content for step, content in whole.versions[inode] if step > least]
        with open(os.path.join(root, path), "rb") as file:
            complaint = wrong_content(path, file.read(), kept + later)
        if complaint:
            yield complaint


def wrong_snapshots(root, steps, promised, begun):
    """A snapshot is there when that was promised, and it is exact: nothing else was done while it was taken."""
    for number, step in enumerate(steps[:begun], 1):
        if step[0] != "snapshot":
            continue
        there = os.path.join(root, ".snapshots", step[2])
        if not os.path.isdir(there):
            if number <= promised:
                yield f"snapshot {step[2]} is not there"
            continue
        model = Model()
        for earlier in steps[:number]:
            model.take(earlier)
        if observe(there) != model.shape():
            yield f"snapshot {step[2]} shows {observe(there)}, not {model.shape()}"
            continue
        for path, inode in sorted(model.names.items()):
            if model.kinds[inode] == "file":
                with open(os.path.join(there, path), "rb") as file:
                    complaint = wrong_content(f"snapshot {step[2]}: {path}", file.read(), [model.content(inode)])
                if complaint:
                    yield complaint


def check(root, journal, seed, operations, promised):
    steps = steps_of(seed)
    ended, begun = read(journal, operations)
    if promised is None:
        promised = max([number for number, step in enumerate(steps[:ended], 1) if step[0] in DURABLE], default=0)
    whole = Model()
    for step in steps[:begun]:
        whole.take(step)
    shape = observe(root)
    model, complaints, near = Model(), [], []
    for applied in range(begun + 1):
        if applied:
            model.take(steps[applied - 1])
        if applied >= promised:
            if model.shape() == shape:
                wrong = list(wrong_files(root, model, whole, promised, applied))
                if not wrong:
                    return list(wrong_snapshots(root, steps, promised, begun))
                complaints = complaints or wrong
            near.append((applied, model.shape()))
    if complaints:
        return complaints
    here = set(shape)
    text = [f"no prefix of {promised} to {begun} steps; found {shape}"]
    return text + [f"after {number}: missing {sorted(set(other) - here)}, unexpected {sorted(here - set(other))}" for number, other in near]


def use(root):
    path = os.path.join(root, "used-after-the-crash")
    with open(path, "wb") as file:
        file.write(b"works")
        file.flush()
        os.fsync(file.fileno())
    with open(path, "rb") as file:
        assert file.read() == b"works"


if __name__ == "__main__":
    broken = check(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]) if len(sys.argv) > 5 else None)
    print(*broken, sep="\n")
    use(sys.argv[1])
    sys.exit(1 if broken else 0)

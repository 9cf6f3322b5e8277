"""The work that is done to a mount, and a model of what it must leave.

A step is a tuple: its kind, a path, and what the kind needs. The list of steps is a function of a seed and a length, so the
program that does the work and the one that checks what a crash left need share no more than these two numbers.
"""

import hashlib
import random

PAGE = 4096
DURABLE = ("fsync", "fsyncdir", "sync", "snapshot", "barrier")
FAILING = -1


def stream(seed, length):
    """Bytes without a zero among them: a zero that is found was never written."""
    raw = b"".join(hashlib.shake_256(f"{seed} {i}".encode()).digest(PAGE) for i in range((length + PAGE - 1) // PAGE))
    return raw[:length].translate(bytes(byte or 1 for byte in range(256)))


def scripted():
    """Every kind of step once, and the patterns that programs rely on."""
    return [
        ("mkdir", "d"),
        ("write", "d/a", 0, "a1", 5000),
        ("fsync", "d/a"),
        ("write", "d/a", 0, "a2", 20000),
        ("write", "d/loose", 0, "l1", 3000),
        ("write", "d/tmp", 0, "c1", 40000),
        ("fsync", "d/tmp"),
        ("rename", "d/tmp", "d/config"),
        ("fsyncdir", "d"),
        ("write", "d/tmp", 0, "c2", 30000),
        ("rename", "d/tmp", "d/config"),
        ("setxattr", "d/config", "user.kind", "configuration"),
        ("link", "d/a", "d/b"),
        ("unlink", "d/a"),
        ("fsync", "d/b"),
        ("write", "d/b", 8192, "b1", 9000),
        ("chmod", "d/b", 0o640),
        ("mkdir", "d/sub"),
        ("symlink", "d/link", "sub/nowhere"),
        ("truncate", "d/loose", 1000),
        ("fsyncdir", "d/sub"),
        ("write", "d/big", 0, "big", 300000),
        ("fsync", "d/big"),
        ("write", "d/big", 100000, "mid", 50000),
        ("truncate", "d/big", 200000),
        ("rename", "d/big", "d/sub/big"),
        ("sync", ""),
        ("unlink", "d/sub/big"),
        ("rmdir", "d/sub"),
        ("setxattr", "d/b", "user.kind", "data"),
        ("fsync", "d/b"),
        ("barrier", ""),
        ("write", "after", 0, "after", 12345),
        ("fsync", "after"),
        ("write", "d/config", 100, "c3", 500),
    ]


def failing():
    """What is done while the disk fails: few steps, since each change that they make of the disk is one that can fail."""
    return [
        ("mkdir", "d"),
        ("write", "d/a", 0, "a1", 20000),
        ("fsync", "d/a"),
        ("write", "d/tmp", 0, "c1", 40000),
        ("fsync", "d/tmp"),
        ("rename", "d/tmp", "d/config"),
        ("fsyncdir", "d"),
        ("write", "d/a", 3000, "a2", 9000),
        ("fsync", "d/a"),
        ("snapshot", "", "first"),
        ("write", "d/tmp", 0, "c2", 30000),
        ("rename", "d/tmp", "d/config"),
        ("unlink", "d/a"),
        ("setxattr", "d/config", "user.kind", "configuration"),
        ("sync", ""),
        ("write", "d/loose", 0, "l1", 3000),
        ("barrier", ""),
        ("write", "d/config", 100, "c3", 500),
        ("fsync", "d/config"),
        ("link", "d/config", "d/b"),
        ("truncate", "d/loose", 1000),
        ("fsync", "d/loose"),
        ("write", "d/late", 0, "l2", 3000),
        ("barrier", ""),
    ]


class Model:
    """The tree after so many steps, and every content that each file ever had."""

    def __init__(self):
        self.names = {}          # path -> inode
        self.kinds = {}          # inode -> "file" | "directory" | "link"
        self.extra = {}          # inode -> mode, target and attributes
        self.versions = {}       # inode -> [(step, content)]
        self.applied = {}        # inode -> [step of a rename or link, which takes the content along]
        self.synced = {}         # inode -> [step of a sync]
        self.steps = 0

    def content(self, inode):
        return self.versions[inode][-1][1]

    def make(self, path, kind, mode):
        inode = len(self.kinds) + 1
        self.names[path] = inode
        self.kinds[inode] = kind
        self.extra[inode] = {"mode": mode}
        self.versions[inode] = [(self.steps, b"")]
        self.applied[inode] = []
        self.synced[inode] = []
        return inode

    def change(self, inode, content):
        self.versions[inode].append((self.steps, content))

    def take(self, step):
        kind, path = step[0], step[1]
        self.steps += 1
        if kind == "mkdir":
            self.make(path, "directory", 0o755)
        elif kind == "symlink":
            self.extra[self.make(path, "link", 0o777)]["target"] = step[2]
        elif kind == "write":
            offset, data = step[2], stream(step[3], step[4])
            inode = self.names.get(path) or self.make(path, "file", 0o644)
            old = self.content(inode).ljust(offset, b"\0")
            self.change(inode, old[:offset] + data + old[offset + len(data):])
        elif kind == "truncate":
            inode = self.names[path]
            self.change(inode, self.content(inode)[:step[2]].ljust(step[2], b"\0"))
        elif kind in ("unlink", "rmdir"):
            del self.names[path]
        elif kind == "rename":
            self.applied[self.names[path]].append(self.steps)
            moved = {name: inode for name, inode in self.names.items() if name == path or name.startswith(path + "/")}
            for name in moved:
                del self.names[name]
            for name, inode in moved.items():
                self.names[step[2] + name[len(path):]] = inode
        elif kind == "link":
            self.applied[self.names[path]].append(self.steps)
            self.names[step[2]] = self.names[path]
        elif kind == "chmod":
            self.extra[self.names[path]]["mode"] = step[2]
        elif kind == "setxattr":
            self.extra[self.names[path]][step[2]] = step[3]
        elif kind == "fsync":
            self.synced[self.names[path]].append(self.steps)
        elif kind in ("sync", "snapshot", "barrier"):
            for synced in self.synced.values():
                synced.append(self.steps)

    def shape(self):
        """Everything but the content of files: names, kinds, modes, attributes, and which names are one file."""
        first = {}
        for path in sorted(self.names):
            first.setdefault(self.names[path], path)
        return tuple(
            (path, first[inode], self.kinds[inode], tuple(sorted(self.extra[inode].items())))
            for path, inode in sorted(self.names.items()))


def random_steps(seed, count):
    """Steps that succeed, drawn with a seed."""
    dice = random.Random(seed)
    model = Model()
    steps = []
    while len(steps) < count:
        files = sorted(path for path, inode in model.names.items() if model.kinds[inode] == "file")
        directories = sorted(path for path, inode in model.names.items() if model.kinds[inode] == "directory") + [""]
        fresh = "/".join(filter(None, (dice.choice(directories), f"n{len(steps)}")))
        kind = dice.choices(
            ("write", "new", "fsync", "replace", "rename", "link", "unlink", "truncate", "mkdir", "rmdir", "setxattr", "chmod", "fsyncdir", "sync"),
            (8, 6, 7, 4, 3, 2, 3, 3, 2, 1, 2, 1, 3, 1))[0]
        path = dice.choice(files) if files else None
        length = dice.choice((1, 700, 4096, 5000, 16384, 40000, 150000))
        named = f"{seed}-{len(steps)}"
        if kind == "new":
            steps.append(("write", fresh, 0, named, length))
        elif kind == "mkdir":
            steps.append(("mkdir", fresh))
        elif kind == "sync":
            steps.append(("sync", ""))
        elif kind == "fsyncdir":
            steps.append(("fsyncdir", dice.choice(directories)))
        elif kind == "rmdir":
            empty = [d for d in directories if d and not any(name.startswith(d + "/") for name in model.names)]
            if not empty:
                continue
            steps.append(("rmdir", dice.choice(empty)))
        elif path is None:
            continue
        elif kind == "write":
            size = len(model.content(model.names[path]))
            steps.append(("write", path, dice.choice((0, size, size // 2, size + 9000)), named, length))
        elif kind == "truncate":
            steps.append(("truncate", path, dice.randrange(60000)))
        elif kind == "replace":
            for step in (("write", fresh, 0, named, length), ("fsync", fresh))[:dice.choice((1, 2))] + (("rename", fresh, path),):
                steps.append(step)
                model.take(step)
            continue
        elif kind in ("rename", "link"):
            steps.append((kind, path, fresh))
        elif kind == "setxattr":
            steps.append(("setxattr", path, f"user.{dice.choice('abc')}", named))
        elif kind == "chmod":
            steps.append(("chmod", path, dice.choice((0o600, 0o644, 0o640))))
        else:
            steps.append((kind, path))
        model.take(steps[-1])
    return steps


def steps_of(seed):
    """The script for seed 0, that for failing disks for FAILING, else 60 steps of chance."""
    if seed == FAILING:
        return failing()
    return scripted() if seed == 0 else random_steps(seed, 60)

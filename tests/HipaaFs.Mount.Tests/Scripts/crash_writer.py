"""Writes to a mount until it goes away, and keeps on the local disk a journal of what was promised.

Usage: crash_writer.py DIRECTORY-ON-THE-MOUNT JOURNAL SEED ROUND MARK

Says "writing" once it has begun. MARK is made before the daemon is killed (ending.py).

Every byte a file may hold is a function of its name, so the checker knows what any prefix must be. A line of the journal
is written only after the call that makes it a promise has returned. Four kinds of work take turns:

log      a file that grows by records and is fsynced now and then: the fsynced length is promised
config   a new version written beside, fsynced, renamed over, its directory fsynced: the version is promised
loose    the same without any fsync: nothing is promised, but any version that is there is whole
names    files made and removed with fsync of the directory: presence and absence are promised

What rounds long past wrote is removed, so that a run of hundreds of rounds stays small.
"""

import hashlib
import os
import random
import sys

from ending import run_until_killed


def stream(name, offset, length):
    """Part of the endless content of a name."""
    block = 4096
    first, last = offset // block, (offset + length + block - 1) // block
    content = b"".join(hashlib.shake_256(f"{name} {i}".encode()).digest(block) for i in range(first, last))
    return content[offset - first * block:offset - first * block + length]


def version(name, number):
    """A version of a replaced file: it tells its number and is recognised as whole by its digest."""
    body = b"%d\n" % number + stream(f"{name} v{number}", 0, 200 + number * 7919 % 90_000)
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def synced_directory(path):
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Writer:
    def __init__(self, root, journal, seed, round_number):
        self.root = root
        self.journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self.dice = random.Random(seed)
        self.round = round_number
        self.step = 0

    def promise(self, *words):
        os.write(self.journal, (" ".join(map(str, words)) + "\n").encode())

    def log(self):
        name = "log-%d-%d" % (self.round // 2, self.dice.randrange(4))
        descriptor = os.open(f"{self.root}/{name}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            for _ in range(self.dice.randrange(1, 12)):
                size = os.fstat(descriptor).st_size
                content = stream(name, size, self.dice.choice((1, 100, 4096, 16384, 50_000, 300_000)))
                while content:
                    content = content[os.write(descriptor, content):]
                if self.dice.random() < 0.4:
                    os.fsync(descriptor)
                    self.promise("length", name, os.fstat(descriptor).st_size)
        finally:
            os.close(descriptor)

    def replace(self, name, number, durable):
        temporary = f"{self.root}/.{name}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            content = version(name, number)
            while content:
                content = content[os.write(descriptor, content):]
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(temporary, f"{self.root}/{name}")
        if durable:
            synced_directory(self.root)
            self.promise("version", name, number)

    def config(self):
        self.replace("config-%d" % self.dice.randrange(4), self.round * 100_000 + self.step, durable=True)

    def loose(self):
        self.replace("loose-%d" % self.dice.randrange(4), self.round * 100_000 + self.step, durable=False)

    def names(self):
        directory = f"{self.root}/names"
        made, kept = [], []
        for i in range(self.dice.randrange(1, 15)):
            name = f"{self.round}-{self.step}-{i}"
            with open(f"{directory}/{name}", "wb") as file:
                file.write(stream(name, 0, 500))
                if i % 2 == 0:
                    file.flush()
                    os.fsync(file.fileno())
                    kept.append(name)
            made.append(name)
        synced_directory(directory)
        for name in made:
            self.promise("present", name)
        for name in kept:
            self.promise("whole", name)
        for name in made[::3]:
            # From here until the directory is synced neither presence nor absence is promised.
            self.promise("uncertain", name)
            os.unlink(f"{directory}/{name}")
        synced_directory(directory)
        for name in made[::3]:
            self.promise("absent", name)

    def remove_old(self):
        """Removes logs and names of rounds long past; from here on nothing is promised about them."""
        for name in os.listdir(self.root):
            if name.startswith("log-") and int(name.split("-")[1]) < self.round // 2 - 1:
                self.promise("forgotten", name)
                os.unlink(f"{self.root}/{name}")
        for name in os.listdir(f"{self.root}/names"):
            if int(name.split("-")[0]) < self.round - 3:
                self.promise("uncertain", name)
                os.unlink(f"{self.root}/names/{name}")

    def run(self):
        os.makedirs(f"{self.root}/names", exist_ok=True)
        self.remove_old()
        print("writing", flush=True)
        while True:
            self.step += 1
            self.dice.choice((self.log, self.log, self.config, self.loose, self.names))()


if __name__ == "__main__":
    run_until_killed(Writer(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])).run, sys.argv[5])

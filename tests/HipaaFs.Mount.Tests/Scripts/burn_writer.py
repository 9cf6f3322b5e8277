"""Writes to a mount until it goes away, and keeps beside it a journal of what was there at which time.

Usage: burn_writer.py DIRECTORY-ON-THE-MOUNT JOURNAL SEED MARK

MARK is made before the daemon is killed (ending.py).

Every file lives one life, in stages: made and fsynced, renamed, removed; some stop early. A line of the journal is TIME WORD
STAGE NAME SIZE; WORD is "begun" before the calls of a stage, "done" after they returned. Content is a function of the name.
"""

import os
import random
import sys
import time

from crash_writer import stream, synced_directory
from ending import run_until_killed

MADE, RENAMED, REMOVED = 1, 2, 3


class Writer:
    def __init__(self, root, journal, seed):
        self.root = root
        self.journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self.dice = random.Random(seed)
        self.number = 0
        self.alive = {}

    def note(self, word, stage, name, size):
        os.write(self.journal, f"{time.time():.6f} {word} {stage} {name} {size}\n".encode())

    def make(self):
        self.number += 1
        name = f"f{self.number}"
        size = self.dice.choice((0, 1, 500, 16384, 20_000, 100_000, 400_000))
        self.note("begun", MADE, name, size)
        descriptor = os.open(f"{self.root}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            content = stream(name, 0, size)
            while content:
                content = content[os.write(descriptor, content):]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        synced_directory(self.root)
        self.note("done", MADE, name, size)
        self.alive[name] = (MADE, size)

    def go_on(self):
        name = self.dice.choice(list(self.alive))
        stage, size = self.alive.pop(name)
        path = f"{self.root}/{name}" if stage == MADE else f"{self.root}/{name}.renamed"
        following = RENAMED if stage == MADE and self.dice.random() < 0.6 else REMOVED
        self.note("begun", following, name, size)
        if following == RENAMED:
            os.rename(path, f"{self.root}/{name}.renamed")
            self.alive[name] = (RENAMED, size)
        else:
            os.unlink(path)
        synced_directory(self.root)
        self.note("done", following, name, size)

    def run(self):
        os.makedirs(self.root, exist_ok=True)
        while True:
            if not self.alive or self.dice.random() < 0.6:
                self.make()
            else:
                self.go_on()


if __name__ == "__main__":
    run_until_killed(Writer(sys.argv[1], sys.argv[2], int(sys.argv[3])).run, sys.argv[4])

"""Does the steps of fault_model.py to a mount and notes when each began and ended, in operations of the disk below the volume.

Usage: fault_work.py ROOT DRIVER JOURNAL SEED CONTROL-SOCKET
Goes on behind the last step of the journal; stops behind a barrier. A write or sync that fails is tried again, as many programs do:
what the second try answers counts. Whatever else fails ends the work.
"""

import os
import socket
import subprocess
import sys

from fault_model import DURABLE, steps_of, stream

CHANCES = 3
REPEATABLE = ("write", "truncate", "chmod", "setxattr") + DURABLE


class Disk:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.answers = self.socket.makefile()

    def count(self):
        self.socket.sendall(b"count\n")
        return int(self.answers.readline())


def write(path, offset, data):
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        while data:
            written = os.pwrite(descriptor, data, offset)
            data, offset = data[written:], offset + written
    finally:
        os.close(descriptor)


def sync(path, flags):
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def do(root, driver, step):
    kind, path = step[0], os.path.join(root, step[1])
    if kind == "mkdir":
        os.mkdir(path, 0o755)
    elif kind == "symlink":
        os.symlink(step[2], path)
    elif kind == "write":
        write(path, step[2], stream(step[3], step[4]))
    elif kind == "truncate":
        os.truncate(path, step[2])
    elif kind == "unlink":
        os.unlink(path)
    elif kind == "rmdir":
        os.rmdir(path)
    elif kind == "rename":
        os.rename(path, os.path.join(root, step[2]))
    elif kind == "link":
        os.link(path, os.path.join(root, step[2]))
    elif kind == "chmod":
        os.chmod(path, step[2])
    elif kind == "setxattr":
        os.setxattr(path, step[2], step[3].encode())
    elif kind == "fsync":
        sync(path, os.O_RDWR)
    elif kind == "fsyncdir":
        sync(path, os.O_RDONLY | os.O_DIRECTORY)
    elif kind == "sync":
        outcome = subprocess.run([driver, "sync", root], capture_output=True, text=True, check=False)
        if outcome.returncode != 0:
            raise OSError(5, outcome.stderr)
    elif kind == "snapshot":
        outcome = subprocess.run([driver, "snapshot", "create", root, step[2]], capture_output=True, text=True, check=False)
        if outcome.returncode != 0:
            raise OSError(5, outcome.stderr)
    else:
        raise ValueError(kind)


def main(root, driver, journal, seed, control):
    disk = Disk(control)
    with open(journal, "a+", encoding="ascii") as notes:
        notes.seek(0)
        first = sum(line.startswith("end") for line in notes)

        def note(word, number):
            notes.write(f"{word} {number} {disk.count()}\n")
            notes.flush()

        for number, step in enumerate(steps_of(seed)[first:], first + 1):
            note("begin", number)
            if step[0] == "barrier":
                print("barrier")
                return
            for chance in range(CHANCES if step[0] in REPEATABLE else 1):
                try:
                    do(root, driver, step)
                    note("end", number)
                    break
                except OSError as error:
                    note("failed", number)
                    print("error", number, chance, step[0], error.errno, str(error).replace("\n", " "))
            else:
                print("failed")
                return
    print("done")


if __name__ == "__main__":
    os.umask(0o022)
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])

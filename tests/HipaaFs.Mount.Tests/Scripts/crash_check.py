"""Checks what is on a mount after a crash against the journal of crash_writer.py.

Usage: crash_check.py DIRECTORY-ON-THE-MOUNT JOURNAL
Prints one line for each broken promise and each file that is not a valid prefix of what was written to it.
"""

import os
import sys

from crash_writer import stream, version


def read(path):
    with open(path, "rb") as file:
        return file.read()


def promises(journal):
    lengths, versions, presence, whole = {}, {}, {}, set()
    if os.path.exists(journal):
        with open(journal, encoding="ascii") as file:
            for line in file:
                kind, name, *rest = line.split()
                if kind == "length":
                    lengths[name] = int(rest[0])
                elif kind == "version":
                    versions[name] = int(rest[0])
                elif kind == "forgotten":
                    lengths.pop(name, None)
                elif kind == "whole":
                    whole.add(name)
                else:
                    presence[name] = kind
    return lengths, versions, presence, whole


def check_log(root, name, promised):
    content = read(f"{root}/{name}")
    if len(content) < promised:
        yield f"{name}: {len(content)} bytes, {promised} were fsynced"
    expected = stream(name, 0, len(content))
    if content != expected:
        at = next(i for i in range(len(content)) if content[i] != expected[i])
        zeros = content[at:at + 4096].count(0)
        yield f"{name}: wrong from byte {at} of {len(content)} ({promised} fsynced; {zeros} of the next 4096 bytes are zero)"


def check_version(root, name, promised):
    content = read(f"{root}/{name}")
    try:
        number = int(content.split(b"\n", 2)[1])
    except (IndexError, ValueError):
        yield f"{name}: {len(content)} bytes that are no version, {content.count(0)} of them zero; {promised} was promised"
        return
    if content != version(name, number):
        yield f"{name}: version {number} is not whole"
    if number < promised:
        yield f"{name}: version {number}, {promised} was promised"


def check(root, journal):
    lengths, versions, presence, whole = promises(journal)
    entries = set(os.listdir(root)) if os.path.isdir(root) else set()
    for name in sorted(set(lengths) | set(versions)):
        if name not in entries:
            yield f"{name}: gone"
    for name in sorted(entries):
        if name.startswith("log-"):
            yield from check_log(root, name, lengths.get(name, 0))
        elif name.startswith(("config-", "loose-")):
            yield from check_version(root, name, versions.get(name, -1))
    there = set(os.listdir(f"{root}/names")) if "names" in entries else set()
    for name, state in presence.items():
        if state == "present" and name not in there:
            yield f"names/{name}: gone"
        if state == "absent" and name in there:
            yield f"names/{name}: back"
    for name in sorted(there):
        content = read(f"{root}/names/{name}")
        if content != stream(name, 0, len(content)) or (name in whole and len(content) != 500):
            yield f"names/{name}: {len(content)} bytes, {content.count(0)} of them zero"


if __name__ == "__main__":
    broken = list(check(sys.argv[1], sys.argv[2]))
    print(*broken, sep="\n")
    sys.exit(1 if broken else 0)

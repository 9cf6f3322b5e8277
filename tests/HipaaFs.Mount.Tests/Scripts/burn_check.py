"""Checks what a restore brought back against the journal of burn_writer.py.

Usage: burn_check.py DIRECTORY-ON-THE-MOUNT JOURNAL TIME

All that was done before TIME must be there; what was begun later may be. A file that is there is a piece of its content from the
beginning on, and whole when it was made before TIME. Prints one line for each breach, how many files TIME stands for, and how many are lacking
that were made after it.
"""

import os
import sys

from burn_writer import MADE, REMOVED, RENAMED
from crash_writer import stream


def read(path):
    with open(path, "rb") as file:
        return file.read()


def lives(journal, until):
    """For each name: the last stage done before the time, the last one begun at all, whether it was ever renamed, its size."""
    found = {}
    with open(journal, encoding="ascii") as file:
        for line in file:
            moment, word, stage, name, size = line.split()
            least, stages, _ = found.get(name, (0, set(), 0))
            stages = stages | {int(stage)}
            if word == "done" and float(moment) < until:
                least = int(stage)
            found[name] = (least, stages, int(size))
    return found


def check(root, journal, until):
    there = set(os.listdir(root)) if os.path.isdir(root) else set()
    known = set()
    for name, (least, stages, size) in lives(journal, until).items():
        known |= {name, f"{name}.renamed"}
        shown = {MADE: name, RENAMED: f"{name}.renamed"}
        possible = {stage for stage in stages if stage >= least} | {least}
        states = [stage for stage in (MADE, RENAMED) if shown[stage] in there]
        if len(states) > 1:
            yield f"{name}: there twice"
        state = states[0] if states else (REMOVED if REMOVED in possible else 0)
        if state not in possible:
            yield f"{name}: in stage {state}, {sorted(possible)} could be (0 nothing, 1 made, 2 renamed, 3 removed)"
        if states:
            content = read(f"{root}/{shown[states[0]]}")
            if content != stream(name, 0, len(content)) or len(content) > size or (least >= MADE and len(content) != size):
                yield f"{name}: {len(content)} bytes of {size}, {content.count(0)} of them zero"
    for name in sorted(there - known):
        yield f"{name}: nobody made it"


def lacking(root, journal):
    """How many files that were made, and that nobody began to remove, are not there."""
    there = set(os.listdir(root)) if os.path.isdir(root) else set()
    return sum(
        last > 0 and REMOVED not in stages and not there & {name, f"{name}.renamed"}
        for name, (last, stages, _) in lives(journal, float("inf")).items())


if __name__ == "__main__":
    root, journal, until = sys.argv[1], sys.argv[2], float(sys.argv[3])
    broken = list(check(root, journal, until))
    print(*broken, sep="\n")
    print("files:", sum(least > 0 for least, _, _ in lives(journal, until).values()))
    print("lacking:", lacking(root, journal))
    sys.exit(1 if broken else 0)

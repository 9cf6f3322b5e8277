"""Reads files of a mount in pages and compares them with copies on the local disk.

Usage: read_blocks.py MOUNTED-DIRECTORY COPIES
Prints "right WRONG REFUSED" page counts for each file; a page is wrong when a read returns other bytes than were written.
"""

import errno
import os
import sys

PAGE = 4096


def compare(mounted, copy):
    right = wrong = refused = 0
    with open(copy, "rb") as file:
        expected = file.read()
    try:
        descriptor = os.open(mounted, os.O_RDONLY)
    except OSError as error:
        return 0, 0, errno.errorcode[error.errno]
    if os.fstat(descriptor).st_size != len(expected):
        wrong += 1
    for offset in range(0, len(expected), PAGE):
        try:
            content = os.pread(descriptor, PAGE, offset)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            refused += 1
            continue
        if content == expected[offset:offset + PAGE]:
            right += 1
        else:
            wrong += 1
    os.close(descriptor)
    return right, wrong, refused


def main(mounted, copies):
    for name in sorted(os.listdir(copies)):
        print(name, *compare(os.path.join(mounted, name), os.path.join(copies, name)))


main(sys.argv[1], sys.argv[2])

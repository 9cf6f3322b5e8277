"""Looks for markers in every byte of every file below some places, in each form in which text is likely to be stored.

Usage: find_markers.py FILE-WITH-ONE-HEX-MARKER-A-LINE PLACE...
Prints one line for each place where a marker stands. Names of files count as bytes too.
"""

import base64
import mmap
import os
import sys


def forms(marker):
    """The marker as bytes, UTF-16, hex and base64 at each of the three alignments, without the bytes that depend on neighbours."""
    yield "bytes", marker
    yield "reversed", marker[::-1]
    try:
        text = marker.decode()
        yield "utf-16-le", text.encode("utf-16-le")
        yield "utf-16-be", text.encode("utf-16-be")
        yield "upper", text.upper().encode()
        yield "lower", text.lower().encode()
    except UnicodeDecodeError:
        pass
    yield "hex", marker.hex().encode()
    yield "HEX", marker.hex().upper().encode()
    for alignment in range(3):
        encoded = base64.b64encode(bytes(alignment) + marker).rstrip(b"=")
        inner = encoded[4 if alignment else 0:len(encoded) // 4 * 4 - 4]
        yield "base64", inner
        yield "base64url", inner.replace(b"+", b"-").replace(b"/", b"_")


def contents(path):
    if os.path.getsize(path) == 0:
        return b""
    with open(path, "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def main(markers, places):
    with open(markers, encoding="ascii") as file:
        needles = [(line[:24], *form) for line in file.read().split() for form in forms(bytes.fromhex(line))]
    searched = 0
    for place in places:
        for directory, directories, names in os.walk(os.fsencode(place)):
            for name in directories + names:
                path = os.path.join(directory, name)
                for marker, form, needle in needles:
                    if needle in name:
                        print("name", path, marker, form)
                if os.path.islink(path) or not os.path.isfile(path):
                    continue
                haystack = contents(path)
                searched += len(haystack)
                for marker, form, needle in needles:
                    at = haystack.find(needle)
                    if at >= 0:
                        print("content", path, at, marker, form)
    print("searched", searched, file=sys.stderr)


main(sys.argv[1], sys.argv[2:])

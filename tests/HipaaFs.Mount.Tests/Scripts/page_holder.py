"""page_holder.py FILE COPY: holds FILE open to write and, by another descriptor, to read, and does what its standard input says, a word a line.

make: writes to both files, fsyncs FILE. lock: reads FILE into memory that is locked, which nobody takes from the page cache but who drops it for the
file. resident: how many pages of it are there. write: writes to both, and neither
closes nor syncs FILE. map: opens FILE to read and write from here on and maps it. store: as write, through the mapping. Answers each with a line.
"""
import ctypes
import mmap
import os
import sys

PAGE = mmap.PAGESIZE
PAGES = 12  # Who is not root may lock 64 KiB everywhere.

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
libc.mlock.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


def lock(descriptor):
    place = libc.mmap(None, PAGES * PAGE, mmap.PROT_READ, mmap.MAP_SHARED, descriptor, 0)
    assert libc.mlock(place, PAGES * PAGE) == 0, os.strerror(ctypes.get_errno())
    return place


def resident(place):
    found = ctypes.create_string_buffer(PAGES)
    assert libc.mincore(place, PAGES * PAGE, found) == 0, os.strerror(ctypes.get_errno())
    return sum(byte & 1 for byte in found.raw[:PAGES])


def main(path, copy):
    writer = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    reader = os.open(path, os.O_RDONLY)
    other = os.open(copy, os.O_RDWR | os.O_CREAT, 0o600)
    mapping, locked = None, None
    for line in sys.stdin:
        word, answer = line.strip(), "done"
        piece = os.urandom(PAGE // 2)
        if word == "make":
            content = os.urandom(PAGES * PAGE)
            os.pwrite(other, content, 0)
            os.pwrite(writer, content, 0)
            os.fsync(writer)
        elif word == "lock":
            locked = lock(reader)
        elif word == "resident":
            answer = str(resident(locked))
        elif word == "write":
            os.pwrite(other, piece, 5 * PAGE + 100)
            os.pwrite(writer, piece, 5 * PAGE + 100)
        elif word == "map":
            writer = os.open(path, os.O_RDWR)
            mapping = mmap.mmap(writer, PAGES * PAGE)
        elif word == "store":
            os.pwrite(other, piece, 9 * PAGE + 100)
            mapping[9 * PAGE + 100:9 * PAGE + 100 + len(piece)] = piece
        print(answer, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

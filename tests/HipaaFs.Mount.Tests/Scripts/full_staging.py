"""Fills staging with the page cache's writes, and asks fsync(2) again and again whether they are safe."""
import errno
import os
import sys
import time

CHUNK = 1 << 20
SIZE = 400 * CHUNK


def sync(descriptor):
    try:
        os.fsync(descriptor)
        return "synced"
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return "refused"


def write(descriptor):
    """Writes the whole file; an ENOSPC of write(2) itself leaves the rest for the next time."""
    for offset in range(0, SIZE, CHUNK):
        try:
            os.pwrite(descriptor, bytes([offset // CHUNK % 251]) * CHUNK, offset)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


first = os.open("file", os.O_RDWR | os.O_CREAT)
write(first)
print(sync(first))
print(sync(first), "again")
other = os.open("file", os.O_RDONLY)
sync(other)
print(sync(other), "to another")

os.unlink(sys.argv[1])
deadline = time.monotonic() + 120
while True:
    write(first)
    if sync(first) == "synced":
        break
    if time.monotonic() > deadline:
        sys.exit("the file never becomes safe")
    time.sleep(0.2)
for offset in range(0, SIZE, CHUNK):
    if os.pread(other, CHUNK, offset) != bytes([offset // CHUNK % 251]) * CHUNK:
        sys.exit(f"wrong bytes at {offset}")
print("written again")

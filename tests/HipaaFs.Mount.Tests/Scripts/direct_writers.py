"""Writes a megabyte to each of many files at once, past the page cache. Says so when all of the writes are under way, and when all are done."""
import mmap
import os
import platform
import sys
import threading
import time

PWRITE = {"x86_64": "18", "aarch64": "68"}[platform.machine()]
SIZE = 1 << 20


def write(number):
    file = os.open(f"direct-{number}", os.O_WRONLY | os.O_CREAT | os.O_DIRECT, 0o600)
    buffer = mmap.mmap(-1, SIZE)  # Direct writes need an aligned buffer.
    buffer.write(bytes([number % 256]) * SIZE)
    if os.pwrite(file, buffer, 0) != SIZE:
        os._exit(1)
    os.close(file)


def is_writing(thread):
    try:
        with open(f"/proc/self/task/{thread.native_id}/syscall") as file:
            return file.read().split(" ")[0] == PWRITE
    except FileNotFoundError:
        os._exit(2)  # Its write is done: nothing held it up.


threads = [threading.Thread(target=write, args=(number,)) for number in range(int(sys.argv[1]))]
for thread in threads:
    thread.start()
while not all(is_writing(thread) for thread in threads):
    time.sleep(0.01)
print("writing", flush=True)
for thread in threads:
    thread.join()
print("written", flush=True)

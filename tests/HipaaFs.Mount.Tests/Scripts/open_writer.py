"""open_writer.py FILE COPY once|forever: writes to FILE and to COPY and says "written"; neither closes nor syncs FILE until its standard input ends."""
import os
import select
import sys

SIZE = 3_000_000
ROOM = 16 << 20

file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
content = os.urandom(SIZE)
with open(sys.argv[2], "wb") as copy:
    copy.write(content)
os.pwrite(file, content, 0)
print("written", flush=True)
offset = SIZE
while not select.select([sys.stdin], [], [], 0 if sys.argv[3] == "forever" else None)[0]:
    os.pwrite(file, content[: 1 << 20], offset % ROOM)
    offset += 1 << 20

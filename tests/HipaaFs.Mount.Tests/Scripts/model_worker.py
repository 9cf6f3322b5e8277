"""Does the operations of a model run on a mount, as a program does them: one JSON object a line in, one out."""
import base64
import ctypes
import errno
import json
import os
import stat
import sys

libc = ctypes.CDLL(None, use_errno=True)
AT_FDCWD = -100
AT_SYMLINK_FOLLOW = 0x400
RENAME_NOREPLACE, RENAME_EXCHANGE = 1, 2
KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE = 1, 2, 16
slots = {}


def checked(result):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def allocate(fd, mode, offset, length):
    checked(libc.fallocate(fd, ctypes.c_int(mode), ctypes.c_longlong(offset), ctypes.c_longlong(length)))


def rename(old, new, flags):
    checked(libc.renameat2(AT_FDCWD, old.encode(), AT_FDCWD, new.encode(), ctypes.c_uint(flags)))


def write_all(fd, content, offset):
    view = memoryview(content)
    while view:
        done = os.pwrite(fd, view, offset)
        view, offset = view[done:], offset + done


def read_all(fd, offset, length):
    parts = []
    while length > 0:
        part = os.pread(fd, length, offset)
        if not part:
            break
        parts.append(part)
        offset, length = offset + len(part), length - len(part)
    return b"".join(parts)


def copy_all(source, offset, target, new_offset, length):
    done = 0
    while done < length:
        part = os.copy_file_range(source, target, length - done, offset + done, new_offset + done)
        if part == 0:
            break
        done += part
    return done


def run(c):
    verb, path, new, slot = c["Verb"], c["Path"] or ".", c["NewPath"] or ".", c["Slot"]
    offset, length, content = c["Offset"], c["Length"], base64.b64decode(c["Content"])
    fd = slots.get(slot)
    flags = os.O_RDWR | os.O_CLOEXEC
    if verb == "Create":
        slots[slot] = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o644)
    elif verb == "Open":
        slots[slot] = os.open(path, flags)
    elif verb == "OpenTruncating":
        slots[slot] = os.open(path, flags | os.O_TRUNC)
    elif verb == "OpenTemporary":
        slots[slot] = os.open(path, flags | os.O_TMPFILE, 0o644)
    elif verb == "Close":
        os.close(slots.pop(slot))
    elif verb == "Read":
        return 0, read_all(fd, offset, length)
    elif verb == "Write":
        write_all(fd, content, offset)
    elif verb == "Append":
        write_all(fd, content, os.fstat(fd).st_size)
    elif verb == "Truncate":
        os.truncate(path, offset)
    elif verb == "PunchHole":
        allocate(fd, PUNCH_HOLE | KEEP_SIZE, offset, length)
    elif verb == "ZeroRange":
        allocate(fd, ZERO_RANGE, offset, length)
    elif verb == "ZeroRangeKeepSize":
        allocate(fd, ZERO_RANGE | KEEP_SIZE, offset, length)
    elif verb == "Allocate":
        allocate(fd, 0, offset, length)
    elif verb == "AllocateKeepSize":
        allocate(fd, KEEP_SIZE, offset, length)
    elif verb == "Copy":
        return copy_all(fd, offset, slots[c["NewSlot"]], c["NewOffset"], length), b""
    elif verb == "SeekData":
        return os.lseek(fd, offset, os.SEEK_DATA), b""
    elif verb == "SeekHole":
        return os.lseek(fd, offset, os.SEEK_HOLE), b""
    elif verb == "Fsync":
        os.fdatasync(fd) if c["Value"] % 2 == 0 else os.fsync(fd)
    elif verb == "FsyncDirectory":
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    elif verb == "MakeDirectory":
        os.mkdir(path, 0o755)
    elif verb == "RemoveDirectory":
        os.rmdir(path)
    elif verb == "MakeFifo":
        os.mkfifo(path, 0o644)
    elif verb == "SymbolicLink":
        os.symlink("nowhere%d" % c["Value"], path)
    elif verb == "ReadLink":
        return 0, os.readlink(path).encode()
    elif verb == "Link":
        os.link(path, new, follow_symlinks=False)
    elif verb == "LinkOpen":
        # os.link calls link(2) here, which links the link in /proc.
        checked(libc.linkat(AT_FDCWD, b"/proc/self/fd/%d" % fd, AT_FDCWD, new.encode(), AT_SYMLINK_FOLLOW))
    elif verb == "Unlink":
        os.unlink(path)
    elif verb == "Rename":
        os.rename(path, new)
    elif verb == "RenameNoReplace":
        rename(path, new, RENAME_NOREPLACE)
    elif verb == "Exchange":
        rename(path, new, RENAME_EXCHANGE)
    elif verb == "SetXattr":
        os.setxattr(path, c["Xattr"], content, 0, follow_symlinks=False)
    elif verb == "CreateXattr":
        os.setxattr(path, c["Xattr"], content, os.XATTR_CREATE, follow_symlinks=False)
    elif verb == "ReplaceXattr":
        os.setxattr(path, c["Xattr"], content, os.XATTR_REPLACE, follow_symlinks=False)
    elif verb == "RemoveXattr":
        os.removexattr(path, c["Xattr"], follow_symlinks=False)
    elif verb == "GetXattr":
        return 0, os.getxattr(path, c["Xattr"], follow_symlinks=False)
    elif verb == "SetTimes":
        os.utime(path, (0, c["Value"]))
    elif verb == "Stat":
        now = os.lstat(path)
        return now.st_size if stat.S_ISREG(now.st_mode) else 0, b""
    else:
        raise ValueError(verb)
    return 0, b""


def observe_one(path, root):
    now = os.lstat(path)
    kind = (
        "Directory" if stat.S_ISDIR(now.st_mode) else "SymbolicLink" if stat.S_ISLNK(now.st_mode)
        else "File" if stat.S_ISREG(now.st_mode) else "Fifo")
    content = b""
    if kind == "File":
        with open(path, "rb", buffering=0) as file:
            content = read_all(file.fileno(), 0, now.st_size + 1)
    names = os.listxattr(path, follow_symlinks=False) if kind in ("File", "Directory") else []
    return {
        "Path": path[len(root):], "Inode": now.st_ino, "Kind": kind, "Mode": stat.S_IMODE(now.st_mode), "Links": now.st_nlink,
        "Target": os.readlink(path) if kind == "SymbolicLink" else "", "Modified": int(now.st_mtime_ns // 10**9),
        "Content": base64.b64encode(content).decode(),
        "Xattrs": {name: base64.b64encode(os.getxattr(path, name, follow_symlinks=False)).decode() for name in names},
    }


def observe(directory, root, found):
    for name in sorted(os.listdir(directory)):
        path = directory + "/" + name
        found.append(observe_one(path, root))
        if found[-1]["Kind"] == "Directory":
            observe(path, root, found)
    return found


os.chdir(sys.argv[1])
os.umask(0)
for line in sys.stdin:
    command = json.loads(line)
    if command["Verb"] == "Observe":
        answer = {"Nodes": observe(command["Path"], command["Path"], [])}
    else:
        try:
            value, data = run(command)
            answer = {"Error": 0, "Value": value, "Bytes": base64.b64encode(data).decode()}
        except OSError as error:
            answer = {"Error": error.errno, "Value": 0, "Bytes": ""}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()

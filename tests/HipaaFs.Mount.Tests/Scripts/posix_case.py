"""Words for the POSIX cases: a case prints what it observes, and must print the same on a mount and on a local disk."""

import ctypes
import errno
import fcntl
import hashlib
import mmap
import os
import stat
import struct
import sys
import time

AT_FDCWD = -100
FALLOC_FL_KEEP_SIZE = 0x01
FALLOC_FL_PUNCH_HOLE = 0x02
FALLOC_FL_ZERO_RANGE = 0x10
RENAME_NOREPLACE = 1
RENAME_EXCHANGE = 2
UTIME_NOW = (1 << 30) - 1
UTIME_OMIT = (1 << 30) - 2

libc = ctypes.CDLL(None, use_errno=True)


def check(result):
    """The result of a libc call, or the OSError that errno says."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def outcome(call, *arguments, **named):
    """What a call returns, or the name of the errno it fails with."""
    try:
        return call(*arguments, **named)
    except OSError as error:
        return errno.errorcode[error.errno]


def attempt(label, call, *arguments, **named):
    """Prints whether a call succeeds, or with which errno it fails."""
    result = outcome(call, *arguments, **named)
    print(label, result if isinstance(result, str) and result in errno.errorcode.values() else "ok")
    return result


def put(path, content, flags=os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o644):
    """Writes a whole file."""
    descriptor = os.open(path, flags, mode)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view):]
    finally:
        os.close(descriptor)


def get(path):
    """Reads a whole file."""
    with open(path, "rb", buffering=0) as file:
        return file.readall()


def pattern(length, seed=1):
    """Bytes that do not repeat and are the same in every run."""
    return hashlib.shake_256(b"pattern %d" % seed).digest(length)


def digest(content):
    return hashlib.sha256(content).hexdigest()[:16]


def data_runs(descriptor):
    """The file's data runs as SEEK_DATA and SEEK_HOLE tell them, in KiB."""
    size = os.fstat(descriptor).st_size
    runs, position = [], 0
    while position < size:
        start = outcome(os.lseek, descriptor, position, os.SEEK_DATA)
        if start == "ENXIO":
            break
        end = os.lseek(descriptor, start, os.SEEK_HOLE)
        runs.append((start / 1024, end / 1024))
        position = end
    return runs


def fallocate(descriptor, mode, offset, length):
    check(libc.fallocate(descriptor, mode, ctypes.c_int64(offset), ctypes.c_int64(length)))


def renameat2(old, new, flags):
    check(libc.renameat2(AT_FDCWD, os.fsencode(old), AT_FDCWD, os.fsencode(new), flags))


def utimensat(path, access_time, modify_time, flags=0):
    """Times as (seconds, nanoseconds)."""
    times = struct.pack("qqqq", *access_time, *modify_time)
    check(libc.utimensat(AT_FDCWD, os.fsencode(path), times, flags))


def kind_and_mode(path):
    status = os.lstat(path)
    return "%s %04o" % (stat.filemode(status.st_mode), stat.S_IMODE(status.st_mode))


def in_child(work):
    """Runs a function in a forked child; its exit code, 99 for an unexpected exception."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = work() or 0
        except BaseException as error:  # the child must not return into the parent's script
            print("child:", error, file=sys.stderr)
        finally:
            sys.stdout.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def as_user(user, work):
    """Runs a function in a child with another user's id and no more groups."""
    def become():
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
        return work()
    return in_child(become)

"""Prints one line for each entry below a directory: all that two equal trees have in common, and nothing else."""

import hashlib
import os
import stat
import sys


def attributes(path):
    names = sorted(os.listxattr(path, follow_symlinks=False))
    return [(name, os.getxattr(path, name, follow_symlinks=False).hex()) for name in names]


def main(root, ignored):
    os.chdir(root)
    first_names = {}
    entries = []
    for directory, directories, files in os.walk(b"."):
        entries += [directory] + [os.path.join(directory, name) for name in files]
        entries += [os.path.join(directory, name) for name in directories if os.path.islink(os.path.join(directory, name))]
    for path in sorted(entries):
        status = os.lstat(path)
        line = [repr(path), stat.filemode(status.st_mode), "%o" % stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid]
        if "times" not in ignored:
            line.append(status.st_mtime_ns)
        if stat.S_ISREG(status.st_mode):
            with open(path, "rb") as file:
                line += [status.st_size, hashlib.file_digest(file, "sha256").hexdigest()]
            if status.st_nlink > 1:
                line += [status.st_nlink, first_names.setdefault(status.st_ino, path)]
        elif stat.S_ISLNK(status.st_mode):
            line.append(os.readlink(path))
        elif stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
            line.append(status.st_rdev)
        line += attributes(path)
        print(*line)


main(sys.argv[1], sys.argv[2:])

"""Makes a tree of everything that rsync -aHAX and tar carry; the same in every run but for its owner."""

import os
import random
import sys


def main(root, files):
    dice = random.Random(3)
    os.umask(0o022)
    os.makedirs(root)
    os.chdir(root)
    for directory in range(12):
        os.makedirs("d%d/deeper/still deeper" % directory)
        os.chmod("d%d" % directory, dice.choice((0o755, 0o700, 0o2775, 0o1777)))
    for number in range(files):
        path = "d%d/%sfile %d" % (number % 12, "deeper/" if number % 3 == 0 else "", number)
        with open(path, "wb") as file:
            file.write(dice.randbytes(dice.choice((0, 1, 100, 4096, 5000, 16384, 70_000))))
        os.chmod(path, dice.choice((0o644, 0o600, 0o755, 0o444, 0o4755)))
        if number % 5 == 0:
            os.setxattr(path, "user.number", b"%d" % number)
            os.setxattr(path, "user.binary", dice.randbytes(200))
        if number % 7 == 0:
            os.link(path, "hard link %d" % number)
        if number % 11 == 0:
            os.symlink(path, "symbolic link %d" % number)
    for name in (b"\xff\xfe bytes", "Gr\u00f6\u00dfe".encode(), b"line\nfeed", b"n" * 255):
        with open(name, "wb") as file:
            file.write(name)
    with open("sparse", "wb") as file:
        file.truncate(50 << 20)
        file.seek(30 << 20)
        file.write(b"an island")
    os.symlink("/nowhere/at all", "dangling")
    os.mkfifo("fifo")
    os.mkdir("empty")
    for directory, directories, names in os.walk(b".", topdown=False):
        for name in names + directories:
            moment = dice.randrange(1, 2_000_000_000_000_000_000)
            os.utime(os.path.join(directory, name), ns=(moment, moment), follow_symlinks=False)
    os.utime(".", ns=(1, 1))


main(sys.argv[1], int(sys.argv[2]))

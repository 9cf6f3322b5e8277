"""Writes the dumps of a small CT study as dump2dcm reads them, the same in every run."""

import hashlib
import sys

ROOT = "1.2.826.0.1.3680043.10.1234"

DUMP = """\
(0008,0005) CS [ISO_IR 100]
(0008,0016) UI =CTImageStorage
(0008,0018) UI [{root}.3.{number}]
(0008,0020) DA [20260102]
(0008,0030) TM [101112]
(0008,0060) CS [CT]
(0010,0010) PN [Doe^Jane]
(0010,0020) LO [PATIENT-0001]
(0018,0050) DS [1.0]
(0020,000d) UI [{root}.1]
(0020,000e) UI [{root}.2]
(0020,0013) IS [{number}]
(0028,0002) US 1
(0028,0004) CS [MONOCHROME2]
(0028,0010) US 64
(0028,0011) US 64
(0028,0100) US 16
(0028,0101) US 12
(0028,0102) US 11
(0028,0103) US 0
(7fe0,0010) OW {pixels}
"""


def main(directory, count):
    for number in range(1, count + 1):
        noise = hashlib.shake_256(b"slice %d" % number).digest(64 * 64)
        pixels = "\\".join("%04x" % (value * 16 + number) for value in noise)
        with open(f"{directory}/{number:04d}.dump", "w", encoding="ascii") as file:
            file.write(DUMP.format(root=ROOT, number=number, pixels=pixels))


main(sys.argv[1], int(sys.argv[2]))

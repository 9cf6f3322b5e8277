"""Writes a small reference genome, the same in every run: three chromosomes, repeats and a run of N among them."""

import random
import sys


def sequence(dice, length):
    return "".join(dice.choices("ACGT", weights=(30, 20, 20, 30), k=length))


def main(path):
    dice = random.Random(20)
    repeat = sequence(dice, 1200)
    with open(path, "w", encoding="ascii") as file:
        for name, length in (("chr1", 180_000), ("chr2", 90_000), ("chrM", 16_569)):
            text = sequence(dice, length)
            if name != "chrM":
                text = text[:20_000] + repeat + text[20_000:40_000] + "N" * 700 + text[40_000:60_000] + repeat + text[60_000:]
            file.write(f">{name} length={len(text)}\n")
            for start in range(0, len(text), 60):
                file.write(text[start:start + 60] + "\n")


main(sys.argv[1])

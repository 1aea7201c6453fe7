#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""multiply.py CLASSES [ERROR]: the allocator finds slots by multiplication, exactly.

slot_of_offset() takes the upper half of a product of 64 by 64 bits for a quotient. CLASSES is the program that prints
the strides and reciprocals which a started allocator uses. For each, z3 looks for an offset below 2^46 for which the
product is not the quotient, and for one whose remainder is mistaken; there must be none. With ERROR, a number that is
added to each reciprocal, there must be some: the proof can fail.
"""
import subprocess
import sys

import z3

BOUND = 2**46   # what slot.h and size_class.h promise
WORD = 2**64
LONGEST_STRIDE = 2**18


def counterexample(stride, reciprocal):
    """An offset for which the multiplication goes wrong, or None."""
    offset = z3.Int("offset")
    slot = offset * reciprocal / WORD
    solver = z3.Solver()
    solver.add(offset >= 0, offset < BOUND)
    solver.add(z3.Or(slot != offset / stride, (slot * stride == offset) != (offset % stride == 0)))
    found = solver.check()
    if found == z3.unknown:
        sys.exit(f"stride {stride}: z3 does not know: {solver.reason_unknown()}")
    return solver.model()[offset] if found == z3.sat else None


def is_exact(stride, reciprocal):
    """The same for one stride by hand, which is fast enough for every stride that there could be.

    With e = stride * reciprocal - 2^64 and offset = k * stride + m, the product is 2^64 * k + (2^64 * m + offset * e) /
    stride; so it is right if and only if 2^64 * m + offset * e stays below 2^64 * stride, which grows with both m and
    offset and so needs to be looked at only where they are largest.
    """
    excess = stride * reciprocal - WORD
    return excess >= 0 and (stride - 1) * WORD + (BOUND - 1) * excess < stride * WORD


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    error = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    lines = subprocess.run([sys.argv[1], "print"], check=True, capture_output=True, text=True).stdout.splitlines()
    range_bits = next(int(line.split()[1]) for line in lines if line.startswith("zone "))
    wrong = 0
    proved = set()
    for line in lines:
        if not line.startswith("class "):
            continue
        number, stride, reciprocal, usable, span = map(int, line.split()[1:])
        if span > 2**range_bits or 2**range_bits > BOUND:
            print(f"class {number}: a span of {span} bytes is more than is proved here")
            wrong += 1
        if (span - 1) // stride >= 2**32:
            print(f"class {number}: slot numbers of more than 32 bits")
            wrong += 1
        if (stride, reciprocal) in proved:
            continue
        proved.add((stride, reciprocal))
        offset = counterexample(stride, reciprocal + error)
        if offset is not None:
            print(f"class {number}: stride {stride} and reciprocal {reciprocal + error} are wrong at offset {offset}")
            wrong += 1
        if is_exact(stride, reciprocal + error) != (offset is None):
            print(f"class {number}: z3 and the proof by hand disagree")
            wrong += 1
    for stride in range(16, LONGEST_STRIDE + 1, 16):
        reciprocal = -(-WORD // stride)
        if not is_exact(stride, reciprocal):
            print(f"stride {stride}: not exact")
            wrong += 1
    print(f"{len(proved)} strides of {sum(line.startswith('class ') for line in lines)} classes, {wrong} wrong")
    return 1 if wrong else 0


sys.exit(main())

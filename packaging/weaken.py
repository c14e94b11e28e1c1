"""Copies a shared library, with its need of one symbol version made weak: weaken.py FROM TO VERSION.

The dynamic linker refuses a library whose needed version, say GLIBC_2.36, the system's glibc does not
know, even if the program itself defines every symbol that is wanted of that version. A need with the
flag VER_FLG_WEAK it lets pass (ELF gABI supplement "Symbol Versioning", Vernaux.vna_flags). Fails where
the library has no such need.
"""

import struct
import sys

SHT_GNU_VERNEED = 0x6FFFFFFE
VER_FLG_WEAK = 0x2


def sections(elf):
    offset, = struct.unpack_from("<Q", elf, 0x28)
    size, count = struct.unpack_from("<HH", elf, 0x3A)
    for index in range(count):
        _, kind, _, _, start, length, link, info = struct.unpack_from("<IIQQQQII", elf, offset + index * size)
        yield kind, start, length, link, info


def needs(elf):
    """(name, offset of vna_flags) of every needed version."""
    table = list(sections(elf))
    for kind, start, _, link, count in table:
        if kind != SHT_GNU_VERNEED:
            continue
        names = table[link][1]
        need = start
        for _ in range(count):
            _, versions, _, first, following = struct.unpack_from("<HHIII", elf, need)
            entry = need + first
            for _ in range(versions):
                _, _, _, name, step = struct.unpack_from("<IHHII", elf, entry)
                yield bytes(elf[names + name:elf.index(0, names + name)]).decode(), entry + 4
                entry += step
            need += following


def main(source, target, version):
    with open(source, "rb") as file:
        elf = bytearray(file.read())
    if elf[:6] != b"\x7fELF\x02\x01":
        raise SystemExit(f"weaken: {source} is no 64-bit little-endian ELF file")
    found = [offset for name, offset in needs(elf) if name == version]
    if not found:
        raise SystemExit(f"weaken: {source} does not need {version}")
    for offset in found:
        struct.pack_into("<H", elf, offset, VER_FLG_WEAK)
    with open(target, "wb") as file:
        file.write(elf)


main(*sys.argv[1:])

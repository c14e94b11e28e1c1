"""Copies a shared library, with its need of one symbol version replaced by an older one that it needs as
well: older_version.py FROM TO VERSION OLDER.

The dynamic linker refuses a library whose needed version, say GLIBC_2.36, the system's glibc does not
know, even if the program itself defines every symbol that is wanted of that version. The program comes
first where symbols are looked up and has no versions of its own, so it serves any. Layout: Linux Standard
Base, "Symbol Versioning" (Vernaux). Fails where the library does not need both versions.
"""

import struct
import sys

SHT_GNU_VERNEED = 0x6FFFFFFE


def sections(elf):
    offset, = struct.unpack_from("<Q", elf, 0x28)
    size, count = struct.unpack_from("<HH", elf, 0x3A)
    for index in range(count):
        _, kind, _, _, start, length, link, info = struct.unpack_from("<IIQQQQII", elf, offset + index * size)
        yield kind, start, length, link, info


def needs(elf):
    """(name, offset of its Vernaux) of every needed version."""
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
                yield bytes(elf[names + name:elf.index(0, names + name)]).decode(), entry
                entry += step
            need += following


def main(source, target, version, older):
    with open(source, "rb") as file:
        elf = bytearray(file.read())
    if elf[:6] != b"\x7fELF\x02\x01":
        raise SystemExit(f"older_version: {source} is no 64-bit little-endian ELF file")
    found = dict(needs(elf))
    if version not in found or older not in found:
        raise SystemExit(f"older_version: {source} does not need both {version} and {older}")
    for field in (0, 8):  # vna_hash, vna_name
        at, model = found[version] + field, found[older] + field
        elf[at:at + 4] = elf[model:model + 4]
    with open(target, "wb") as file:
        file.write(elf)


main(*sys.argv[1:])

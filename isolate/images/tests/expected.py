#!/usr/bin/env python3
"""Prints what the samples of `support/mod.rs` measure to, computed without any code of ours.

The formulas are those of docs/reference/images.md, written a second time, with Python's hashlib and
zlib alone. The constants in `measurements.rs` and
`snp.rs` are this script's output.
"""
import hashlib
import os
import struct
import tempfile
import uuid
import zlib


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def sha384(*parts):
    return hashlib.sha384(b"".join(parts)).digest()


def pattern(length, seed):
    return bytes((index * 31 + index // 251 + seed) % 256 for index in range(length))


def put(data, at, form, *values):
    struct.pack_into(form, data, at, *values)


def runtime(machine=62):
    data = bytearray(pattern(5000, 7))
    data[0:16] = b"\x7fELF\x02\x01\x01" + bytes(9)
    put(data, 16, "<HHIQQQIHHHHHH", 2, machine, 1, 0x401000, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    put(data, 64, "<II", 1, 5)
    return bytes(data)


def vmlinux():
    data = bytearray(pattern(9000, 1))
    data[0:16] = b"\x7fELF\x02\x01\x01" + bytes(9)
    put(data, 16, "<HHIQQQIHHHHHH", 2, 62, 1, 0x1000000, 64, 0, 0, 64, 56, 0, 0, 0, 0)
    return bytes(data)


SECTIONS = [(0x1000, 0x800), (0x1800, 0x1400), (0x2C00, 0x400)]


def bzimage():
    data = bytearray(pattern(0x3000 + 100, 3))
    data[0:2] = b"MZ"
    put(data, 0x3C, "<I", 0x40)
    data[0x40:0x44] = b"PE\0\0"
    put(data, 0x44, "<HHIIIHH", 0x8664, len(SECTIONS), 0, 0, 0, 0xA0, 0x206)
    optional = 0x40 + 24
    put(data, optional, "<H", 0x20B)
    put(data, optional + 60, "<I", 0x1000)
    put(data, optional + 108, "<I", 6)
    put(data, optional + 112 + 32, "<II", 0, 0)
    for index, (start, size) in enumerate(SECTIONS):
        put(data, optional + 0xA0 + 40 * index + 16, "<II", size, start)
    data[0x1FE:0x200] = b"\x55\xaa"
    data[0x202:0x206] = b"HdrS"
    put(data, 0x206, "<H", 0x20F)
    data[0x210], data[0x211] = 0, 1
    put(data, 0x22C, "<I", 0x7FFFFFFF)
    put(data, 0x236, "<H", 0)
    return bytes(data)


def newc(entries):
    out = bytearray()
    for inode, (name, mode, data, device) in enumerate(entries, 1):
        if name == "TRAILER!!!":
            inode = 0
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0)
        out += b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return bytes(out + bytes(-len(out) % 512))


FOLDERS = [(name, 0o40755, b"", (0, 0)) for name in ("dev", "proc", "sys")]
FOLDERS += [("dev/console", 0o20600, b"", (5, 1))]
INIT = ("init", 0o100755, runtime(), (0, 0))
TRAILER = ("TRAILER!!!", 0, b"", (0, 0))
COMMAND_LINE = "console=ttyS0 quiet -- guest"


def extend256(pcr, digest):
    return sha256(pcr, digest)


def authenticode(data):
    start = struct.unpack_from("<I", data, 0x3C)[0]
    optional = start + 24
    checksum, entry = optional + 64, optional + 112 + 32
    return sha256(data[:checksum], data[checksum + 4 : entry], data[entry + 8 :])


def handed(kernel, initramfs, mebibytes):
    data = bytearray(kernel)
    data[0x210] = 0xB0
    data[0x211] |= 0x80
    put(data, 0x224, "<H", 0xFE00)
    put(data, 0x228, "<I", 0x20000)
    address = ((mebibytes << 20) - 0x28000 - 1 - len(initramfs)) & ~4095
    put(data, 0x218, "<II", address, len(initramfs))
    return bytes(data)


def pcr4(kernel):
    pcr = extend256(bytes(32), authenticode(kernel))
    pcr = extend256(pcr, sha256(b"Calling EFI Application from Boot Option"))
    return extend256(pcr, sha256(bytes(4)))


def pcr9(command_line, initramfs):
    options = (command_line + " initrd=initrd").encode("utf-16le") + b"\0\0"
    return extend256(extend256(bytes(32), sha256(options)), sha256(initramfs))


def eif(kernel, command_line, metadata, ramdisks):
    sections = [(1, kernel), (2, command_line.encode()), (5, metadata)]
    sections += [(3, ramdisk) for ramdisk in ramdisks]
    offsets, body = [], b""
    for kind, data in sections:
        offsets.append(548 + len(body))
        body += struct.pack(">HHQ", kind, 0, len(data)) + data
    sizes = [len(data) for _, data in sections]
    full = lambda numbers: numbers + [0] * (32 - len(numbers))
    header = b".eif" + struct.pack(">HHQQHH", 4, 0, 1 << 30, 2, 0, len(sections))
    header += struct.pack(">32Q", *full(offsets)) + struct.pack(">32Q", *full(sizes)) + bytes(4)
    return header + struct.pack(">I", zlib.crc32(body, zlib.crc32(header))) + body


def nitro(*parts):
    return sha384(bytes(48), sha384(*parts))


def firmware():
    data, metadata_from_end = bytearray(pattern(64 << 10, 11)), 0x1000
    sections = [
        (0x800000, 0x9000, 1),
        (0x80A000, 0x3000, 1),
        (0x80D000, 0x1000, 2),
        (0x80E000, 0x1000, 3),
        (0x80F000, 0x1000, 4),
        (0x810000, 0x1000, 0x10),
    ]
    metadata = b"ASEV" + struct.pack("<III", 16 + 12 * len(sections), 1, len(sections))
    metadata += b"".join(struct.pack("<III", *section) for section in sections)
    start = len(data) - metadata_from_end
    data[start : start + len(metadata)] = metadata
    table = b""
    for guid, content in [
        ("7255371f-3a3b-4b04-927b-1da6efa8d454", struct.pack("<II", 0x810C00, 1024)),
        ("00f771de-1a7e-4fcb-890e-68c77e2fb44e", struct.pack("<I", 0x80B004)),
        ("dc886566-984a-4798-a75e-5585a7bf67cc", struct.pack("<I", metadata_from_end)),
    ]:
        table += content + struct.pack("<H", len(content) + 18) + uuid.UUID(guid).bytes_le
    end = uuid.UUID("96b582de-1fb2-45f7-baea-a366c55a082d").bytes_le
    table += struct.pack("<H", len(table) + 18) + end
    data[-32 - len(table) : -32] = table
    return bytes(data)


def snp(initramfs):
    """With PyPI's `sev-snp-measure`, which reads files."""
    try:
        from sevsnpmeasure import guest, vcpu_types
    except ImportError:
        print("// no Python package `sev-snp-measure` here")
        return
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("firmware", "kernel", "initramfs")]
        for path, data in zip(paths, (firmware(), bzimage(), initramfs)):
            with open(path, "wb") as file:
                file.write(data)
        for name, processors, processor in [
            ("ONE_MILAN", 1, "EPYC-Milan"),
            ("FOUR_GENOA", 4, "EPYC-Genoa"),
        ]:
            signature = vcpu_types.CPU_SIGS[processor]
            digest = guest.snp_calc_launch_digest(
                processors, signature, *paths, COMMAND_LINE, 1, ""
            )
            print(f'const {name}: &str = "{digest.hex()}";')


def main():
    whole = newc(FOLDERS + [INIT, TRAILER])
    first, second = newc(FOLDERS + [TRAILER]), newc([INIT, TRAILER])
    kernel, line = bzimage(), COMMAND_LINE.encode()
    machine = sha256(
        b"veracruz-machine-v1", sha256(vmlinux()), sha256(whole), sha256(COMMAND_LINE.encode())
    )
    for name, value in [
        ("RUNTIME", sha256(runtime())),
        ("INITRAMFS", sha256(whole)),
        ("MACHINE", machine),
        ("AUTHENTICODE", authenticode(kernel)),
        ("PCR4_OF_256_MIB", pcr4(handed(kernel, whole, 256))),
        ("PCR4_OF_1024_MIB", pcr4(handed(kernel, whole, 1024))),
        ("PCR4_AS_IT_IS", pcr4(kernel)),
        ("PCR9", pcr9(COMMAND_LINE, whole)),
        ("NITRO_PCR0", nitro(kernel, line, first, second)),
        ("NITRO_PCR1", nitro(kernel, line, first)),
        ("NITRO_PCR2", nitro(second)),
        ("EIF", sha256(eif(kernel, COMMAND_LINE, b"{}", [first, second]))),
    ]:
        print(f'const {name}: &str = "{value.hex()}";')
    snp(whole)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes the vectors beside this file, independently of the Rust code.

CBOR is written by hand from RFC 8949, hashes are hashlib's, and signatures are those of the
package `cryptography` (48.0.0, over OpenSSL), deterministic by RFC 6979, so that the Rust code
must produce the very same bytes. Run it where that package is installed:

    python3 make_vectors.py

It writes vectors/*.hex, which are committed; CI does not run it.
"""
import hashlib
import pathlib
import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

HERE = pathlib.Path(__file__).parent / "vectors"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
KEY = ec.derive_private_key(int.from_bytes(bytes([7] * 32), "big"), ec.SECP256R1())
SPKI = KEY.public_key().public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
)


def sha256(data):
    return hashlib.sha256(data).digest()


def head(major, number):
    for width, (first, fmt) in {24: (24, "B"), 2**8: (24, "B"), 2**16: (25, "H"), 2**32: (26, "I")}.items():
        if number < width:
            if width == 24:
                return bytes([major << 5 | number])
            return bytes([major << 5 | first]) + struct.pack(">" + fmt, number)
    raise ValueError(number)


def integer(n):
    return head(0, n) if n >= 0 else head(1, -1 - n)


def bstr(b):
    return head(2, len(b)) + b


def tstr(s):
    return head(3, len(s)) + s.encode()


def array(*items):
    return head(4, len(items)) + b"".join(items)


def cbor_map(pairs):
    return head(5, len(pairs)) + b"".join(key + value for key, value in sorted(pairs.items()))


def sign1(protected, payload):
    """The message, and the same one with the other valid s."""
    tbs = array(tstr("Signature1"), bstr(protected), bstr(b""), bstr(payload))
    der = KEY.sign(tbs, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    r, s = decode_dss_signature(der)

    def message(s):
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return b"\xd2" + array(bstr(protected), cbor_map({}), bstr(payload), bstr(signature))

    return message(s), message(ORDER - s)


def report_data(*items):
    return hashlib.sha512(b"".join(struct.pack(">I", len(i)) + i for i in items)).digest()


def write(name, data):
    (HERE / (name + ".hex")).write_text(data.hex() + "\n")


policy = bytes(range(32))
server, client = b"server spki", b"client spki"
exporter, nonce = bytes([0xEE] * 32), bytes([0x55] * 32)
session = report_data(b"veracruz-session-v1", policy, sha256(server), sha256(client), exporter, nonce)
write("report-data-session", session)
write("report-data-receipt", report_data(b"veracruz-receipt-v1", policy, sha256(server), sha256(b"payload")))
write("report-data-key", report_data(b"veracruz-key-v1", policy, sha256(server), sha256(b"ear spki"), nonce))

low_or_high, other = sign1(cbor_map({integer(1): integer(-7)}), b"This is the content.")
write("sign1", low_or_high)
write("sign1-other-s", other)

PROFILE = "tag:veracruz.internal,2026:sw-rot#1"
component = cbor_map({
    integer(1): tstr("runtime"),
    integer(2): bstr(sha256(b"the runtime's binary")),
    integer(6): tstr("sha-256"),
})
claims = cbor_map({
    integer(10): bstr(session),
    integer(256): bstr(b"\x01" + sha256(SPKI)),
    integer(265): tstr(PROFILE),
    integer(2394): integer(-1),
    integer(2395): integer(0),
    integer(2396): bstr(b"veracruz software root of trust1"),
    integer(2399): array(component),
    integer(-70000): bstr(policy),
})
token, _ = sign1(cbor_map({integer(1): integer(-7), integer(-70001): bstr(SPKI)}), claims)
media_type = 'application/eat+cwt; eat_profile="' + PROFILE + '"'
write("spki", SPKI)
write("evidence-sw-rot", array(tstr(media_type), bstr(token)))

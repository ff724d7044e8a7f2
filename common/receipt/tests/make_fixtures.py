#!/usr/bin/env python3
"""Makes the fixtures beside this file, independently of the Rust code.

CBOR is written by hand from RFC 8949 and docs/reference/receipt.md, hashes are hashlib's,
signatures and certificates are those of the package `cryptography` (48.0.0, over OpenSSL). Keys
are known to everyone and of no use for anything else. Run it where that package is installed:

    python3 make_fixtures.py

It writes fixtures/*. `receipt-v1.hex` is kept for ever: whatever later versions write, they read
this one. The Rust code must also write the very same bytes (RFC 6979 makes that possible).
"""
import datetime
import hashlib
import json
import pathlib
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

HERE = pathlib.Path(__file__).parent / "fixtures"
ES256 = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


def sha256(data):
    return hashlib.sha256(data).digest()


def key(byte):
    return ec.derive_private_key(int.from_bytes(bytes([byte] * 32), "big"), ec.SECP256R1())


def spki(key):
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


# CBOR


def head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for first, fmt, limit in [(24, "B", 2**8), (25, "H", 2**16), (26, "I", 2**32), (27, "Q", 2**64)]:
        if number < limit:
            return bytes([major << 5 | first]) + struct.pack(">" + fmt, number)


def integer(n):
    return head(0, n) if n >= 0 else head(1, -1 - n)


def bstr(b):
    return head(2, len(b)) + b


def tstr(s):
    return head(3, len(s.encode())) + s.encode()


def array(*items):
    return head(4, len(items)) + b"".join(items)


def cbor_map(pairs):
    return head(5, len(pairs)) + b"".join(k + v for k, v in sorted(pairs.items()))


def sign1(signer, protected, payload):
    tbs = array(tstr("Signature1"), bstr(protected), bstr(b""), bstr(payload))
    r, s = decode_dss_signature(signer.sign(tbs, ES256))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return b"\xd2" + array(bstr(protected), cbor_map({}), bstr(payload), bstr(signature))


def hash_items(algorithm, *items):
    return algorithm(b"".join(struct.pack(">I", len(i)) + i for i in items)).digest()


def commitment(salt, content):
    return hash_items(hashlib.sha256, b"veracruz-commitment-v1", salt, sha256(content))


# The policy


def certificate(name, byte):
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key(byte).public_key())
        .serial_number(byte)
        .not_valid_before(datetime.datetime(2026, 1, 1))
        .not_valid_after(datetime.datetime(2036, 1, 1))
        .sign(key(byte), hashes.SHA256(), ecdsa_deterministic=True)
    )
    return built.public_bytes(serialization.Encoding.PEM).decode()


ATTESTER, ISOLATE = key(7), key(9)
RUNTIME, PROGRAM, OPEN_PROGRAM = b"runtime", b"program", b"another program"
policy = {
    "veracruz": 1,
    "name": "receipt fixture",
    "participants": {
        "acme": {"certificate": certificate("acme", 21)},
        "globex": {"certificate": certificate("globex", 22)},
        "lab": {"certificate": certificate("lab", 23)},
    },
    "files": {
        "/program/main.wasm": {"provider": "lab", "sha256": sha256(PROGRAM).hex()},
        "/program/secret.wasm": {"provider": "lab"},
        "/input/acme.csv": {"provider": "acme"},
        "/input/globex.csv": {"provider": "globex"},
        "/between": {"intermediate": True},
        "/output/overlap.csv": {"receivers": ["acme", "globex"]},
        "/output/sum.csv": {"receivers": ["acme"]},
    },
    "pipeline": [
        {"program": "/program/main.wasm", "read": ["/input/"], "write": ["/between"]},
        {"program": "/program/secret.wasm", "read": ["/between"], "write": ["/output/"]},
    ],
    "isolates": {
        "process": {
            "runtime": [sha256(RUNTIME).hex()],
            "attesters": [sha256(spki(ATTESTER)).hex()],
        }
    },
    "unprotected": True,
    "approval": {"required": ["acme", "globex"], "run_by": ["acme"], "runs": 2},
}
# For a document like this one, RFC 8785 is sorted names and no white space.
canonical = json.dumps(policy, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
policy_hash = sha256(canonical)
(HERE / "policy.json").write_text(json.dumps(policy, indent=2) + "\n")

# The receipt

payload = cbor_map({
    integer(1): integer(1),
    integer(2): bstr(policy_hash),
    integer(3): bstr(sha256(spki(ISOLATE))),
    integer(4): integer(2),
    integer(5): integer(0),
    integer(6): bstr(sha256(RUNTIME)),
    integer(7): cbor_map({
        tstr("acme"): bstr(sha256(b"approval of acme")),
        tstr("globex"): bstr(sha256(b"approval of globex")),
    }),
    integer(8): cbor_map({
        tstr("/program/main.wasm"): bstr(sha256(PROGRAM)),
        tstr("/program/secret.wasm"): bstr(sha256(OPEN_PROGRAM)),
    }),
    integer(9): cbor_map({
        tstr("/input/acme.csv"): bstr(commitment(bytes([1] * 32), b"acme's input")),
        tstr("/input/globex.csv"): bstr(commitment(bytes([2] * 32), b"globex's input")),
    }),
    integer(10): cbor_map({
        tstr("/output/overlap.csv"): bstr(commitment(bytes([3] * 32), b"overlap")),
        tstr("/output/sum.csv"): bstr(commitment(bytes([4] * 32), b"sum")),
    }),
    integer(11): bstr(hash_items(hashlib.sha256, b"veracruz-randomness-v1", bytes([5] * 32))),
    integer(12): cbor_map({
        integer(1): integer(2048),
        integer(2): integer(1024),
        integer(3): integer(1 << 23),
    }),
})
signed = sign1(
    ISOLATE,
    cbor_map({
        integer(1): integer(-7),
        integer(16): tstr("application/vnd.veracruz.receipt+cbor"),
        integer(-70001): bstr(spki(ISOLATE)),
    }),
    payload,
)

report_data = hash_items(
    hashlib.sha512, b"veracruz-receipt-v1", policy_hash, sha256(spki(ISOLATE)), sha256(payload)
)
PROFILE = "tag:veracruz.internal,2026:sw-rot#1"
component = cbor_map({
    integer(1): tstr("runtime"),
    integer(2): bstr(sha256(RUNTIME)),
    integer(6): tstr("sha-256"),
})
token = sign1(
    ATTESTER,
    cbor_map({integer(1): integer(-7), integer(-70001): bstr(spki(ATTESTER))}),
    cbor_map({
        integer(10): bstr(report_data),
        integer(256): bstr(b"\x01" + sha256(spki(ATTESTER))),
        integer(265): tstr(PROFILE),
        integer(2394): integer(-1),
        integer(2395): integer(0),
        integer(2396): bstr(b"veracruz software root of trust1"),
        integer(2399): array(component),
        integer(-70000): bstr(policy_hash),
    }),
)
evidence = array(tstr('application/eat+cwt; eat_profile="' + PROFILE + '"'), bstr(token))
receipt = array(integer(1), bstr(signed), bstr(evidence))
(HERE / "receipt-v1.hex").write_text("\n".join(receipt.hex()[i : i + 96] for i in range(0, len(receipt) * 2, 96)) + "\n")

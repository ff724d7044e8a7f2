#!/usr/bin/env python3
"""Computes vectors.json from docs/reference/session.md alone: an implementation of the report data
that shares nothing with ours. Run it in this folder: python3 vectors.py > vectors.json"""

import base64
import hashlib
import json

# The DER of a SubjectPublicKeyInfo for an uncompressed point of P-256, up to the point.
P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")


def draw(what, length=32):
    """Bytes that look random and are the same in every run."""
    return hashlib.shake_256(("veracruz vectors: " + what).encode()).digest(length)


def items(*parts):
    text = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hashlib.sha512(text).digest()


def sha256(data):
    return hashlib.sha256(data).digest()


def name(hash32):
    return base64.b32encode(hash32).decode().rstrip("=").lower()


def session(case):
    policy, exporter, nonce = (draw(f"{case} {x}") for x in ("policy", "exporter", "nonce"))
    server, client = (P256 + draw(f"{case} {x}", 64) for x in ("server", "client"))
    report_data = items(
        b"veracruz-session-v1", policy, sha256(server), sha256(client), exporter, nonce
    )
    return {
        "policy": policy.hex(),
        "server_spki": server.hex(),
        "client_spki": client.hex(),
        "exporter": exporter.hex(),
        "nonce": nonce.hex(),
        "server_name": f"{name(sha256(server))}.{name(policy)}.veracruz.internal",
        "report_data": report_data.hex(),
        # For formats whose field is shorter.
        "report_data_sha256": sha256(report_data).hex(),
    }


def receipt(case):
    policy, payload = draw(f"{case} policy"), draw(f"{case} payload")
    server = P256 + draw(f"{case} server", 64)
    return {
        "policy": policy.hex(),
        "server_spki": server.hex(),
        "payload_sha256": payload.hex(),
        "report_data": items(b"veracruz-receipt-v1", policy, sha256(server), payload).hex(),
    }


def key(case):
    policy, nonce = draw(f"{case} policy"), draw(f"{case} nonce")
    server, verifier = (P256 + draw(f"{case} {x}", 64) for x in ("server", "verifier"))
    return {
        "policy": policy.hex(),
        "spki": server.hex(),
        "verifier_ear_spki": verifier.hex(),
        "nonce": nonce.hex(),
        "report_data": items(
            b"veracruz-key-v1", policy, sha256(server), sha256(verifier), nonce
        ).hex(),
    }


def made(purpose, make):
    return [make(f"{purpose} {number}") for number in range(3)]


print(
    json.dumps(
        {
            "session": made("session", session),
            "receipt": made("receipt", receipt),
            "key": made("key", key),
        },
        indent=1,
    )
)

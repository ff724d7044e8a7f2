"""The hash of a policy without our code: Python's JSON, SHA-256 and base32.

Python sorts names by code points and RFC 8785 by UTF-16 code units; that is the same for names
without characters beyond the basic plane, as here.
"""
import base64
import hashlib
import json
import sys

document = json.load(open(sys.argv[1], encoding="utf-8"))
canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
digest = hashlib.sha256(canonical.encode()).digest()
print(base64.b32encode(digest).decode().rstrip("=").lower())

#!/usr/bin/env python3
"""Writes seeds/*: good inputs of each target, taken from the tests' own data.

    python3 make_seeds.py

The targets of WASI calls and of computations have none: their inputs are choices, which the
fuzzer finds by itself.
"""
import importlib.util
import pathlib
import ssl
import struct

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent


def seed(target, name, content):
    folder = HERE / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def text(path):
    return (ROOT / path).read_text()


def unhex(path):
    return bytes.fromhex(text(path))


def snapshot(name):
    """What stands below the second `---` of a file of the crate `insta`."""
    whole = text(f"common/protocol/tests/snapshots/json__{name}.snap")
    return whole.split("---\n", 2)[2].strip().encode()


def cbor_strings(data):
    """All byte strings in an item, those inside tags, arrays and maps too, in their order."""
    offset, found = 0, []
    while offset < len(data):
        major, number = data[offset] >> 5, data[offset] & 31
        offset += 1
        if number >= 24:
            width = 1 << (number - 24)
            number = int.from_bytes(data[offset : offset + width], "big")
            offset += width
        if major in (2, 3):
            if major == 2:
                found.append(data[offset : offset + number])
            offset += number
    return found


def control():
    def frame(body):
        # The first byte says that no pieces follow it: see `Arriving` in the target.
        return struct.pack(">I", len(body)) + body

    install = frame(b"\x82\x00\x42{}")
    health = frame(b"\x81\x01")
    seed("control", "host", b"\0" + install + health)
    installed = frame(b"\x83\x00\x58\x20" + bytes(32) + b"\x58\x20" + bytes(32))
    answers = frame(b"\x82\x01\x03") + frame(b"\x83\x02\x65ready\x19\x01\x2c")
    seed("control", "isolate", b"\0" + installed + answers)


def requests():
    for name, line in {
        "file": "/v1/files/input/two%20words%C3%BC.csv",
        "receipt": "/v1/runs/3/receipt",
        "content-range": "bytes 5-9/10",
        "range": "bytes=3-500",
        "last": "bytes=-4",
        "digest": "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:",
        "secret": ":ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:",
        "tag": '"17"',
    }.items():
        seed("requests", name, line.encode())


def client_hello():
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    sent = ssl.MemoryBIO()
    name = "a" * 52 + ".veracruz.internal"
    try:
        context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = sent.read()
    seed("client_hello", "whole", hello)
    body = hello[5:]
    parts = [body[start : start + 200] for start in range(0, len(body), 200)]
    records = [b"\x16\x03\x01" + struct.pack(">H", len(part)) + part for part in parts]
    seed("client_hello", "records", b"".join(records))


def quotes():
    """Quotes that are right but for their signatures, and an event log."""
    vendor = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
    certified = bytes(384 + 64) + struct.pack("<H", 32) + bytes(32)
    certified += struct.pack("<HI", 3, 404) + bytes(404)
    nested = struct.pack("<HI", 6, len(certified)) + certified
    td_1_5_ex = struct.pack("<HI", 4, 885) + bytes(885)
    for name, version, tee, body, rest in [
        ("sgx-3", 3, 0, bytes(384), certified),
        ("tdx-4", 4, 0x81, bytes(584), nested),
        ("tdx-5", 5, 0x81, td_1_5_ex, nested),
    ]:
        header = struct.pack("<HHI4x", version, 2, tee) + vendor + bytes(20)
        signature = bytes(128) + rest
        seed("quotes", name, header + body + struct.pack("<I", len(signature)) + signature)
    spec = b"Spec ID Event03\0" + bytes(8) + struct.pack("<IHHB", 1, 12, 48, 0)
    log = struct.pack("<II20xI", 0, 3, len(spec)) + spec
    log += struct.pack("<IIIH", 1, 0x80000001, 1, 12) + bytes(48) + struct.pack("<I", 0)
    seed("quotes", "event-log", log)
    seed("quotes", "tcb-info", b'{"tcbInfo":{"id":"SGX","version":3},"signature":"00"}')


def head(major, number):
    for width, code in [(1, 24), (2, 25), (4, 26), (8, 27)]:
        if number < 24:
            return bytes([major << 5 | number])
        if number < 1 << 8 * width:
            return bytes([major << 5 | code]) + number.to_bytes(width, "big")


def cbor(item):
    match item:
        case int():
            return head(0, item) if item >= 0 else head(1, -1 - item)
        case bytes():
            return head(2, len(item)) + item
        case str():
            return head(3, len(item)) + item.encode()
        case list():
            return head(4, len(item)) + b"".join(map(cbor, item))
        case dict():
            pairs = [cbor(key) + cbor(value) for key, value in item.items()]
            return head(5, len(item)) + b"".join(pairs)
        case tuple():
            return head(6, item[0]) + cbor(item[1])


def tokens():
    """Tokens and quotes that are right but for their signatures."""
    def sign1(claims, algorithm=-7):
        protected = cbor({1: algorithm})
        return cbor((18, [protected, {}, cbor(claims), bytes(64)]))

    components = [{1: "BL", 2: bytes(32), 4: "1", 5: bytes(32), 6: "sha-256"}]
    common = {2395: 0x3000, 2396: bytes(32), 256: b"\1" + bytes(32), 2399: components}
    psa = {265: "tag:psacertified.org,2023:psa#tfm", 2394: 1, 10: bytes(64), 2397: bytes(32)}
    seed("tokens", "psa", sign1(psa | common))
    old = {-75000: "PSA_IOT_PROFILE_1", -75001: 1, -75002: 0x3000, -75003: bytes(32),
           -75006: components, -75008: bytes(32), -75009: b"\1" + bytes(32)}
    seed("tokens", "psa-1", sign1(old))
    platform = {265: "tag:arm.com,2023:cca_platform#1.0.0", 10: bytes(32), 2401: b"\0",
                2402: "sha-256"}
    key = cbor({1: 2, -1: 1, -2: bytes(32), -3: bytes(32)})
    realm = {265: "tag:arm.com,2023:realm#1.0.0", 10: bytes(64), 44235: bytes(64),
             44236: "sha-256", 44237: key, 44238: bytes(32), 44239: [bytes(32)] * 4,
             44240: "sha-256"}
    both = {44234: sign1(platform | common), 44241: sign1(realm)}
    seed("tokens", "cca", cbor((399, both)))
    typed = {label: [263, token] for label, token in both.items()}
    seed("tokens", "cca-cmw", cbor((907, typed)))

    attest = struct.pack(">IHHHIQIIBQIHB3sH", 0xFF544347, 0x8018, 0, 4, 1, 1, 1, 1, 1, 1, 1,
                         0x000B, 3, b"\1\0\0", 32) + bytes(32)
    signature = struct.pack(">HHH32sH32s", 0x0018, 0x000B, 32, bytes(32), 32, bytes(32))
    public = struct.pack(">HHIHHHHHHH32sH32s", 0x23, 0x000B, 0x00050072, 0, 0x10, 0x18, 0x000B,
                         3, 0x10, 32, bytes(32), 32, bytes(32))
    spec = b"Spec ID Event03\0" + bytes(8) + struct.pack("<IHHB", 1, 11, 32, 0)
    log = struct.pack("<II20xI", 0, 3, len(spec)) + spec
    log += struct.pack("<IIIH32xI", 0, 8, 1, 11, 0)
    quote = {1: attest, 2: signature, 3: public, 4: {0: bytes(32)}, 5: log, 6: []}
    seed("tokens", "tpm", cbor(quote))

    def field(number, content):
        assert len(content) < 1 << 14
        size = bytes([len(content) & 0x7F | 0x80, len(content) >> 7])
        return bytes([number << 3 | 2]) + size + content

    registers = b"\x08\x0b" + field(2, b"\x08\0" + field(2, bytes(32)))
    google = field(2, field(1, attest) + field(2, signature) + field(3, registers))
    seed("tokens", "tpm-google", field(1, public) + google + field(3, log))


def reports():
    """Reports of SEV-SNP, a document of Nitro and evidence of Azure, signed by nobody."""
    report = bytearray(1184)
    report[0], report[10], report[0x34] = 3, 3, 1
    report[0x188:0x18B] = b"\x19\1\1"
    vcek = bytes.fromhex("63da758de6644564adc5f4b93be8accd")
    table = vcek + struct.pack("<II", 48, 2) + bytes(24) + b"\x30\0"
    seed("reports", "snp", cbor([bytes(report), table]))
    seed("reports", "snp-extended", bytes(report) + table)
    snp = '{"attestation_report":{"version":3,"current_tcb":0,"reported_tcb":0,' \
          '"committed_tcb":0,"launch_tcb":0,"signature":{"r":"00","s":"00"}}}'
    seed("reports", "snp-json", snp.encode())
    document = {"module_id": "i", "digest": "SHA384", "timestamp": 1795161600000,
                "pcrs": {index: bytes(48) for index in range(3)}, "certificate": b"\x30\0",
                "cabundle": [b"\x30\0"], "public_key": b"", "user_data": bytes(64),
                "nonce": b""}
    seed("reports", "nitro", cbor([cbor({1: -35}), {}, cbor(document), bytes(96)]))
    keys = b'{"keys":[{"kid":"HCLAkPub","kty":"RSA","e":"AQAB","n":"AQAB"}]}'
    hcl = b"HCLA" + struct.pack("<III16x", 2, 1236 + len(keys), 2) + bytes(report)
    hcl += struct.pack("<IIIII", 20 + len(keys), 1, 2, 1, len(keys)) + keys
    quote = {1: b"", 2: b"", 3: b"", 4: {}, 5: b"", 6: []}
    seed("reports", "azure", cbor([cbor(quote), hcl, b""]))
    trustee = '{"version":2,"tpm_quote":{"message":"ff","signature":"00","pcrs":["00"]},' \
              f'"hcl_report":"{hcl.hex()}","vcek":"3000"}}'
    seed("reports", "azure-json", trustee.encode())


def corim():
    """Reference values: ours, and those of Arm's profiles, signed by nobody or not at all."""
    def unsigned(profile, *triples):
        comids = [(506, cbor({1: {0: bytes(16)}, 4: one})) for one in triples]
        return (501, {0: "seed", 1: comids, 3: (32, profile), 4: {0: (1, 0), 1: (1, 1 << 40)}})

    own = {0: {1: "Veracruz", 2: "process"}}
    values = [[own, [{0: "runtime", 1: {2: [[1, bytes(32)]]}}]]]
    keys = [[own, [(557, [1, bytes(32)])], {0: "attesters"}]]
    ours = unsigned("tag:veracruz.internal,2026:reference-values#1", {0: values, 3: keys})
    seed("corim", "own", cbor(ours))
    seed("corim", "signed", cbor((18, [cbor({1: -7}), {}, cbor(ours), bytes(64)])))

    device = {0: {0: (560, bytes(32))}, 1: (550, b"\1" + bytes(32))}
    component = {0: "psa.software-component", 1: {2: [[1, bytes(32)]], 11: "BL"}}
    key = "-----BEGIN PUBLIC KEY-----\n" \
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMKBCTNIcKUSDii11ySs3526iDZ8A\n" \
        "iTo7Tu6KPAqv7D7gS2XpJFbZiItSs3m9+9Ue6GnvHw/GW2ZZaVtszggXIw==\n" \
        "-----END PUBLIC KEY-----"
    triples = {0: [[device, [component]]], 3: [[device, [(554, key)]]]}
    seed("corim", "psa", cbor(unsigned("tag:arm.com,2025:psa#1.0.0", triples)))
    registers = {name: [["sha-384", bytes(48)]] for name in ["rim", "rem0", "rem1"]}
    realm = {0: [[device, [{1: {4: (560, bytes(64)), 14: registers}}]]]}
    seed("corim", "realm", cbor(unsigned("http://arm.com/cca/realm/1", realm)))


def programs():
    """The first byte says how a program comes about: as it stands, or made of the others."""
    header = b"\0asm\x01\0\0\0"
    # (module (func (export "_start")))
    start = header + bytes([1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 10, 1, 6]) + b"_start"
    start += bytes([0, 0, 10, 4, 1, 2, 0, 0x0B])
    seed("programs", "empty-module", b"\0" + header)
    seed("programs", "start", b"\0" + start)
    seed("programs", "empty-component", b"\0\0asm\x0d\0\x01\0")
    seed("programs", "made", b"\x01" + bytes(range(256)))
    seed("programs", "made-component", b"\x02" + bytes(range(256)))
    seed("programs", "changed", b"\x03" + bytes(reversed(range(256))))


def images():
    # The samples whose measurements are computed a second time there.
    path = ROOT / "isolate/images/tests/expected.py"
    specification = importlib.util.spec_from_file_location("expected", path)
    samples = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(samples)
    archive = samples.newc(samples.FOLDERS + [samples.INIT, samples.TRAILER])
    kernel = samples.bzimage()
    enclave = samples.eif(kernel[:600], samples.COMMAND_LINE, b"{}", [archive[:1024], b"two"])
    seed("images", "archive", archive)
    seed("images", "enclave", enclave)
    seed("images", "firmware", samples.firmware()[-8192:])
    seed("images", "kernel", kernel)
    seed("images", "runtime", samples.runtime())


def main():
    seed("policy", "overlap", text("common/policy/tests/data/overlap.json").encode())
    seed("policy", "hardware", text("common/policy/tests/data/hardware.json").encode())
    seed("policy", "fixture", text("common/receipt/tests/fixtures/policy.json").encode())
    control()
    requests()
    approval = text("isolate/computation/tests/identities/approval-by-python.jws").strip()
    seed("approval", "compact", approval.encode())
    for name in ["approval_statement", "approval_statement_any"]:
        seed("approval", name, snapshot(name))
    for name in ["attestation_request", "attestation_response", "run_state", "status",
                 "withdrawal", "problem"]:
        seed("messages", name, snapshot(name))

    evidence = unhex("common/evidence/tests/vectors/evidence-sw-rot.hex")
    token = cbor_strings(evidence)[0]
    claims = cbor_strings(token)[1]
    seed("evidence", "envelope", evidence)
    seed("evidence", "token", token)
    seed("evidence", "claims", claims)
    seed("evidence", "reply", b"\0" + evidence)
    receipt = unhex("common/receipt/tests/fixtures/receipt-v1.hex")
    seed("receipt", "file", receipt)
    seed("receipt", "payload", cbor_strings(cbor_strings(receipt)[0])[1])
    seed("agreement", "payload", cbor({1: bytes(32), 2: 1, 3: bytes(32), 4: bytes(32), 5: bytes(32)}))
    client_hello()
    quotes()
    tokens()
    reports()
    programs()
    corim()
    images()


if __name__ == "__main__":
    main()

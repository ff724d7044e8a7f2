#!/usr/bin/env python3
"""Makes hardware.json: a policy with every field that this version takes, and every isolate that
protects from the host (overlap.json has one that does not)."""
import hashlib, json, os

os.chdir(os.path.dirname(os.path.abspath(__file__)))


def read(name):
    with open(name) as file:
        return file.read()


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def sha384(text):
    return hashlib.sha384(text.encode()).hexdigest()


def chip(text, count):
    return hashlib.shake_128(text.encode()).hexdigest(count)


with open("overlap.json") as file:
    policy = json.load(file)
policy["name"] = "hardware"
del policy["unprotected"]
policy["participants"]["lab"]["trust"] = "verifier"
policy["participants"]["acme"]["trust"] = "connection"
policy["files"]["/input/acme.csv"]["description"] = "all customers of acme"
policy["files"]["/output/log.txt"] = {
    "receivers": ["lab"],
    "max_bytes": "4KiB",
    "description": "what the programs print",
}
policy["files"]["/output/errors.txt"] = {"receivers": ["lab"]}
policy["pipeline"][1].update(
    {
        "description": "adds up",
        "args": ["--verbose"],
        "if_exists": "/input/acme.csv",
        "stdin": "/temp/common.csv",
        "stdout": "/output/log.txt",
        "stderr": "/output/errors.txt",
        "exit_code": ["lab", "acme"],
        "trap": ["lab"],
        "limits": {
            "memory": "64MiB",
            "time": "5min",
            "cpu_time": "90s",
            "stack": "256KiB",
            "tables": 1000,
            "module_bytes": "1MiB",
            "files": 16,
            "open_files": 8,
            "written_bytes": "32KiB",
            "args_bytes": "4KiB",
            "env_bytes": "4KiB",
            "fuel": 1000000000,
            "stdout_bytes": 1000,
            "stderr_bytes": "1KiB",
        },
    }
)
policy["execution"]["time"] = "60s"
snp = {
    "measurement": [sha384("snp 1"), sha384("snp 2")],
    "chip_ids": [chip("epyc 1", 64), chip("epyc 2", 64)],
    "minimum_tcb": {"fmc": 1, "bootloader": 10, "tee": 2, "snp": 23, "microcode": 211},
    "vmpl": 1,
    "signing_key": "any",
}
paravisor = {"mrtd": sha384("paravisor"), "any_chip": True}
policy["isolates"] = {
    "sgx": {
        "mrenclave": sha256("enclave"),
        "minimum_isv_svn": 3,
        "chip_ids": [chip("xeon 1", 16)],
        "tcb_exceptions": [
            {"status": "SWHardeningNeeded", "advisories": ["INTEL-SA-00289", "INTEL-SA-00615"]},
            {"status": "OutOfDate"},
        ],
    },
    "tdx": {
        "mrtd": [sha384("mrtd")],
        "rtmr0": [sha384("rtmr0")],
        "rtmr1": [sha384("rtmr1"), sha384("another rtmr1")],
        "rtmr2": [sha384("rtmr2")],
        "rtmr3": [sha384("rtmr3")],
        "chip_ids": [chip("xeon 1", 16)],
        "tcb_exceptions": [{"status": "ConfigurationNeeded", "advisories": []}],
    },
    "sev-snp": snp,
    "nitro": {
        "pcr0": sha384("image"),
        "pcr1": sha384("kernel"),
        "pcr2": sha384("application"),
        "pcr3": sha384("role"),
        "pcr4": sha384("instance"),
        "pcr8": sha384("signer"),
        "any_chip": True,
    },
    "cca": {
        "rim": [sha256("rim"), sha384("rim")],
        "rem0": sha256("rem0"),
        "rem1": sha256("rem1"),
        "rem2": sha256("rem2"),
        "rem3": sha256("rem3"),
        "platform_keys": [read("key-P-384.pub"), read("key-P-521.pub")],
        "implementation_ids": [sha256("arm implementation")],
        "platform_software": [sha256("bl1"), sha384("rmm")],
        "chip_ids": ["01" + chip("realm machine", 32)],
    },
    "psa": {
        "software": [sha256("bootloader"), sha256("secure world")],
        "keys": read("key-P-256.pub"),
        "implementation_ids": [sha256("psa implementation")],
        "chip_ids": ["01" + chip("device", 32)],
    },
    "azure-vtpm": {
        "pcrs": {"4": sha256("boot"), "11": [sha256("kernel 1"), sha256("kernel 2")]},
        "sev-snp": {"measurement": sha384("paravisor"), "any_chip": True},
        "tdx": paravisor,
    },
}
policy["verifiers"] = [
    {"name": "verifier.example", "ca": read("authority.pem"), "ear_key": read("key-P-256.pub")}
]
with open("hardware.json", "w") as file:
    json.dump(policy, file, indent=2, ensure_ascii=False)
    file.write("\n")

//! How each command is called: what it is for, and what goes wrong.

/// A command, and what it is called with.
pub(crate) struct Case {
    /// As `policy check`.
    pub(crate) command: &'static str,
    /// What is called before, and not looked at.
    pub(crate) before: &'static [&'static str],
    /// What follows the command, call by call.
    pub(crate) calls: &'static [&'static str],
    /// Whether what is printed depends on this machine, so that it stands in no snapshot.
    pub(crate) local: bool,
}

const fn case(command: &'static str, calls: &'static [&'static str]) -> Case {
    Case {
        command,
        before: &[],
        calls,
        local: false,
    }
}

const fn after(
    command: &'static str,
    before: &'static [&'static str],
    calls: &'static [&'static str],
) -> Case {
    Case {
        command,
        before,
        calls,
        local: false,
    }
}

const fn local(command: &'static str, calls: &'static [&'static str]) -> Case {
    Case {
        command,
        before: &[],
        calls,
        local: true,
    }
}

/// Nobody listens at this port.
const NOBODY: &[&str] = &[
    "--policy policy.json --identity acme.pem --host 127.0.0.1:1 --accept-unprotected",
    "--policy policy.json --identity globex.pem --host 127.0.0.1:1 --accept-unprotected",
    "--policy policy.json --identity absent.pem --host 127.0.0.1:1",
    "--policy broken.json --identity acme.pem --host 127.0.0.1:1",
    "--policy overlap.json --identity acme.pem --host 127.0.0.1:1 --accept-unprotected",
];

/// A verifier's folder, made before.
const VERIFIER: &[&str] = &["verifier init --state verifier --name verifier.example"];

/// Every command of the command line.
#[rustfmt::skip]
pub(crate) const CASES: &[Case] = &[
    case("demo", &["--example absent", "absent", "--isolate nitro --images absent"]),
    case("identity new", &[
        "--name acme --out new.pem",
        "--name acme --out new.pem",
        "--name acme --out sealed.pem --new-passphrase-file passphrase",
        "--name acme --out asked.pem --passphrase",
        "--name acme --out there/is/no/folder.pem",
        "--name acme",
    ]),
    case("identity certificate", &[
        "--identity acme.pem",
        "--identity globex.pem",
        "--identity absent.pem",
        "--identity acme.crt",
    ]),
    case("identity show", &[
        "--identity acme.pem",
        "--identity globex.pem",
        "--identity policy.json",
    ]),
    case("identity passphrase", &[
        "--identity acme.pem --new-passphrase-file passphrase",
        "--identity acme.pem --passphrase-file other-passphrase --remove",
        "--identity acme.pem --passphrase-file passphrase --new-passphrase-file other-passphrase",
        "--identity acme.pem --passphrase-file other-passphrase --remove",
        "--identity acme.pem --remove",
        "--identity globex.pem --remove",
        "--identity lab.pem",
    ]),
    case("policy check", &["policy.json", "broken.json", "absent.json", "program.wasm", ""]),
    case("policy hash", &["policy.json", "broken.json"]),
    case("policy explain", &[
        "policy.json --for acme",
        "policy.json --for lab --format markdown",
        "policy.json --for nobody",
    ]),
    case("policy diff", &["policy.json policy.json", "policy.json overlap.json", "policy.json absent.json"]),
    case("policy new", &[
        "psi --data acme=acme.crt --program-by lab=lab.crt --attester no",
        "blank --data acme=absent.crt --program-by lab=lab.crt",
        "psi --out policy.json --data acme=acme.crt --data globex=globex.crt --program-by lab=lab.crt \
         --runtime runtime --expires never \
         --attester fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
    ]),
    case("policy approve", &[
        "policy.json --identity acme.pem --any-instance --yes --out approval.jws",
        "policy.json --identity acme.pem --any-instance --yes --out approval.jws",
        "policy.json --identity globex.pem --any-instance --yes --out approval.jws",
        "policy.json --identity acme.pem --yes",
    ]),
    after("policy approvals",
        &["policy approve policy.json --identity acme.pem --any-instance --yes --out approval.jws"],
        &["policy.json approval.jws", "policy.json policy.json", "policy.json approval.jws --bundle policy.json"]),
    // docs/reference/policy.schema.json is its snapshot.
    local("policy schema", &[""]),
    case("new", &["program", "program", "program --template absent"]),
    case("check", &["program.wasm", "policy.json", "program.wasm --policy policy.json"]),
    case("exec", &["program.wasm", "policy.json", "absent.wasm"]),
    case("measure", &[
        "runtime",
        "runtime --format policy",
        "runtime --format corim --out runtime.corim",
        "runtime --format corim --out runtime.corim",
        "runtime --format corim",
        "absent",
    ]),
    case("image build", &["--kind process --runtime absent --out image", "--kind process --runtime runtime --out image"]),
    case("image measure", &["absent", "runtime", "policy.json"]),
    case("image launch-line", &["absent --kind sev-snp --policy policy.json --firmware absent"]),
    case("appraise", &[
        "--evidence policy.json",
        "--evidence policy.json --technology tdx",
        "--evidence absent.json",
        "--evidence policy.json --technology nonsense",
    ]),
    case("collateral add", &["acme.crt", "program.wasm", "absent.pem"]),
    case("collateral list", &["", "--collateral absent"]),
    case("collateral show", &["0123"]),
    case("collateral remove", &["0123"]),
    local("attester", &["--state attester --show-key", "--state attester"]),
    case("host", &[
        "--attester absent.sock --state host --runtime runtime",
        "--attester absent.sock --state host --isolates many",
        "--attester absent.sock --state host --runtime runtime --verifier https://verifier.example:1",
    ]),
    local("isolates", &[""]),
    case("launch", &[
        "--policy policy.json --management 127.0.0.1:1 --token passphrase",
        "--policy policy.json --management 127.0.0.1:1 --token absent",
    ]),
    case("verifier init", &[
        "--state verifier --name verifier.example",
        "--state verifier --name verifier.example",
    ]),
    after("verifier serve", VERIFIER, &[
        "--state absent",
        "--state verifier --verifier-config broken.toml",
        "--state verifier --listen here",
    ]),
    after("verifier enroll", VERIFIER, &[
        "--state verifier --attester fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9 --name machine",
        "--state verifier --policy policy.json",
        "--state verifier --policy broken.json",
        "--state verifier",
    ]),
    after("verifier list", VERIFIER, &["--state verifier", "--state absent"]),
    after("verifier revoke", VERIFIER, &[
        "--state verifier fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
        "--state verifier nonsense",
    ]),
    case("status", NOBODY),
    case("attest", NOBODY),
    case("approve", NOBODY),
    case("run", NOBODY),
    case("withdraw", NOBODY),
    case("upload", &[
        "--policy policy.json --identity acme.pem --host 127.0.0.1:1 --accept-unprotected /input/acme.csv=runtime",
        "--policy policy.json --identity acme.pem --host 127.0.0.1:1 --accept-unprotected nonsense",
    ]),
    case("download", &[
        "--policy policy.json --identity acme.pem --host 127.0.0.1:1 --accept-unprotected /output/overlap.csv --output out.csv",
    ]),
    case("receipt fetch", &[
        "--policy policy.json --identity acme.pem --host 127.0.0.1:1 --accept-unprotected --output out.cose",
    ]),
    case("receipt show", &["receipt.cose", "policy.json", "absent.cose"]),
    case("receipt verify", &[
        "receipt.cose --policy receipt-policy.json",
        "receipt.cose --policy policy.json",
        "policy.json --policy policy.json",
    ]),
    case("receipt compare", &[
        "receipt.cose receipt.cose --policy receipt-policy.json",
        "receipt.cose absent.cose --policy receipt-policy.json",
    ]),
    case("ledger list", &["--identity acme.pem", "--identity absent.pem"]),
    case("ledger show", &["policy.json --identity acme.pem", "nonsense --identity acme.pem"]),
    case("explain", &["VC-0412", "vc-0862", "VC-9999"]),
    local("config show", &["", "--config good.toml", "--config broken.toml", "--config absent.toml"]),
    local("config path", &["", "--config good.toml", "--config broken.toml"]),
    local("completions", &["bash", "zsh", "fish", "powershell", "elvish", "tcsh"]),
    local("man", &["", "policy check", "policy chekc", "--out man", "--out man"]),
];

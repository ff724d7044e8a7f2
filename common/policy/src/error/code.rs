//! The stable codes of this crate, in one table.

/// What a code says at length.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct CodeText {
    /// The code, as `VC-0121`.
    pub code: &'static str,
    /// The rule that was broken, in a few words.
    pub title: &'static str,
    /// What to do about it: one sentence.
    pub hint: &'static str,
    /// Why the rule is there.
    pub explanation: &'static str,
}

/// Every code from `VC-0101` to `VC-0199`, in order: errors below `VC-0180`, then warnings.
pub const CODES: &[CodeText] = &[
    text(
        "VC-0101",
        "policy too large",
        "shorten the policy: data belongs in files, not in the policy",
        "A policy is a document that people read and every party checks. It has at most 1 MiB, so that nobody can make an isolate read for ever before it knows whom it serves.",
    ),
    text(
        "VC-0102",
        "policy not UTF-8",
        "save the file as UTF-8",
        "A policy is JSON, which is UTF-8 (RFC 8259). Bytes that are not text could be shown differently to different parties.",
    ),
    text(
        "VC-0103",
        "byte order mark",
        "save the file as UTF-8 without a byte order mark",
        "Some editors put an invisible mark before the first character. JSON does not have it (RFC 8259, section 8.1).",
    ),
    text(
        "VC-0104",
        "not JSON",
        "compare the place with a valid policy; JSON has no comments and no comma after the last element",
        "The document breaks the grammar of JSON (RFC 8259) at this place. Nothing may follow the policy's closing brace but white space.",
    ),
    text(
        "VC-0105",
        "nested too deep",
        "a policy needs no more than 6 levels: look for a bracket that is not closed",
        "Objects and arrays in a policy are nested at most 32 deep, so that reading one takes a bounded amount of stack.",
    ),
    text(
        "VC-0106",
        "too many values",
        "shorten the policy",
        "A policy has at most 100,000 values, so that reading one takes a bounded amount of memory.",
    ),
    text(
        "VC-0107",
        "duplicate name",
        "keep one of the two",
        "JSON readers disagree on which of two members with one name counts, so two parties could agree to one document and mean two things.",
    ),
    text(
        "VC-0108",
        "not an integer",
        "write a plain integer, without point, exponent, leading zero or '-0'",
        "Numbers in a policy are integers below 2^53, which every JSON reader represents exactly, each in its one spelling. Otherwise two policies could have one hash.",
    ),
    text(
        "VC-0109",
        "half a character",
        "write the character itself, or both halves of the pair",
        "A \\u escape between d800 and dfff is half of a surrogate pair. Alone it is not text, and readers replace it by different things.",
    ),
    text(
        "VC-0120",
        "wrong type",
        "write a value of the expected type",
        "Each field has one type; the reference of the policy's fields lists them.",
    ),
    text(
        "VC-0121",
        "unknown field",
        "remove the field, or correct its name",
        "A field that is not known is refused and not skipped: a party could otherwise believe that a rule holds which nothing enforces.",
    ),
    text(
        "VC-0122",
        "missing field",
        "add the field",
        "The field has no default, since no value would be right for everyone. A missing trust anchor in particular is an error and never a default.",
    ),
    text(
        "VC-0123",
        "not supported yet",
        "remove it, or use a later version of veracruz",
        "The policy's language has this, but this version of veracruz cannot enforce it, and it does not accept a rule that it would not keep.",
    ),
    text(
        "VC-0124",
        "unknown version",
        "write \"veracruz\": 1, or use a later version of veracruz",
        "The number fixes the meaning and the default of every field for ever. A program that does not know it cannot tell what the policy means.",
    ),
    text(
        "VC-0125",
        "unknown word",
        "write one of the words that the field takes",
        "The field takes one of a few words; the reference of the policy's fields lists them.",
    ),
    text(
        "VC-0126",
        "out of range",
        "write a number within the bounds",
        "Each number has bounds, below which the computation could not run and above which no isolate could keep it.",
    ),
    text(
        "VC-0127",
        "wrong length",
        "shorten or extend it",
        "Each list and text has bounds, so that a policy can be read by people and checked in bounded time.",
    ),
    text(
        "VC-0128",
        "forbidden character",
        "remove the character",
        "Control characters and those that turn the direction of writing are refused, since a reader would see another text than the one that counts.",
    ),
    text(
        "VC-0129",
        "invalid name",
        "use a name of the expected form",
        "Names of participants and of environment variables are plain words, so that two of them that look alike are alike.",
    ),
    text(
        "VC-0130",
        "invalid path",
        "write the path in its canonical form",
        "Each file has exactly one spelling: absolute, no empty part, no '.' or '..'. Rights are decided on it, so there is no second way to a file.",
    ),
    text(
        "VC-0131",
        "invalid digest",
        "write the digest in lower-case hex, as `sha256sum` prints it",
        "Digests are lower-case hex, in exactly one spelling: 64 characters for SHA-256, 96 for the SHA-384 that SEV-SNP, TDX and Nitro measure with.",
    ),
    text(
        "VC-0132",
        "invalid size",
        "write bytes as an integer, or a text as \"64MiB\" (B, KiB, MiB, GiB, TiB)",
        "A size is a whole number with a binary unit. Units as KB are refused, since people disagree on whether they mean 1000 or 1024.",
    ),
    text(
        "VC-0133",
        "invalid duration",
        "write a text as \"500ms\", \"60s\", \"5min\", \"2h\" or \"1d\"",
        "A duration is a whole number with its unit; a number without a unit would be read as seconds by some and as milliseconds by others.",
    ),
    text(
        "VC-0134",
        "invalid time",
        "write a time in UTC as \"2027-01-01T00:00:00Z\"",
        "Times are RFC 3339 in UTC with whole seconds, in exactly one spelling.",
    ),
    text(
        "VC-0135",
        "duplicate element",
        "keep one of the two",
        "An element that stands twice in a list means nothing more than once, and is most often a slip for another one.",
    ),
    text(
        "VC-0136",
        "all zeros",
        "measure the image again: where it was started for debugging, or nothing was measured, hardware reports zeros",
        "Hardware reports zeros where nothing was measured, where an enclave runs in debug mode, and where a platform hides its id. A policy that accepted zeros would accept all of these. Registers that must not have been extended are checked where the policy is silent about them.",
    ),
    text(
        "VC-0137",
        "not a chip's id",
        "copy the id that `veracruz appraise` shows for evidence of the machine",
        "The id of a chip has one length in each technology: 16 bytes for SGX and TDX (PPID), 64 for SEV-SNP (CHIP_ID), 33 for CCA and PSA (instance id).",
    ),
    text(
        "VC-0138",
        "chips not said",
        "name the machines in \"chip_ids\", or say \"any_chip\": true",
        "A key taken out of one broken chip can forge evidence of every machine of its kind. Naming the machines stops that; accepting any of them is a decision that a policy says aloud. Evidence of Nitro has no id, so that a policy with it can only say \"any_chip\": true.",
    ),
    text(
        "VC-0139",
        "chips said twice",
        "remove \"any_chip\", or \"chip_ids\"",
        "A policy that names machines and accepts any machine contradicts itself.",
    ),
    text(
        "VC-0140",
        "invalid certificate",
        "paste one certificate as PEM, with \\n for line ends",
        "A participant's certificate is one PEM block (RFC 7468) with one X.509 certificate in DER, and nothing around it.",
    ),
    text(
        "VC-0141",
        "old certificate",
        "make a v3 certificate, for example with `veracruz identity new`",
        "TLS refuses X.509 certificates of other versions than 3; the policy is refused now rather than the participant later.",
    ),
    text(
        "VC-0142",
        "unsupported certificate extension",
        "make a certificate without that extension, for example with `veracruz identity new`",
        "An extension that is marked critical must be understood or the certificate refused (RFC 5280, section 4.2); TLS would refuse it later.",
    ),
    text(
        "VC-0143",
        "unsupported key",
        "use a key of the expected kind; for a participant, `veracruz identity new` makes one",
        "Participants and verifiers have ECDSA keys on P-256; participants sign their approvals with the same key. Keys of platforms may be on P-384 and P-521, too.",
    ),
    text(
        "VC-0144",
        "invalid key",
        "make a new key and certificate, for example with `veracruz identity new`",
        "The certificate carries a key that is no point on its curve, or one in compressed form, which TLS does not use.",
    ),
    text(
        "VC-0145",
        "not a public key",
        "write the key as one PEM block PUBLIC KEY, as `openssl pkey -pubout` prints it",
        "A key that the policy trusts is written out, as a SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7) in DER, as PEM, with nothing around it.",
    ),
    text(
        "VC-0146",
        "not an authority",
        "use the certificate that the verifier's operator gives out for --cacert",
        "A verifier's certificate issues certificates for isolates, so its basicConstraints must say that it is an authority (RFC 5280, section 4.2.1.9). TLS clients would refuse it otherwise.",
    ),
    text(
        "VC-0147",
        "one of several fields is missing",
        "name at least one of them",
        "A TPM has no vendor's root that everybody trusts: a policy names attestation keys or the authorities that certify them, and a missing anchor is an error, never a default. The vTPM of Azure is vouched for by hardware, of which the policy names one kind or both.",
    ),
    text(
        "VC-0150",
        "two participants with one key",
        "give each participant a key of its own",
        "A participant is its key. Two names for one key would let one party count as two, for example among those who must approve.",
    ),
    text(
        "VC-0151",
        "unknown participant",
        "name one of \"participants\"",
        "Providers, receivers, and those who approve and run are participants of the policy, by the name that it gives them.",
    ),
    text(
        "VC-0152",
        "unknown file",
        "add the file to \"files\"",
        "A stage's program is one of the policy's files.",
    ),
    text(
        "VC-0153",
        "program without provider",
        "give the program a \"provider\"",
        "A stage's program is provided by a participant. A program that another program writes could not be approved by anyone.",
    ),
    text(
        "VC-0154",
        "file without a role",
        "add a \"provider\", \"receivers\", or \"intermediate\": true",
        "A file comes from someone, or goes to someone, or is written by one stage for another.",
    ),
    text(
        "VC-0155",
        "intermediate file with a party",
        "remove the field, or \"intermediate\"",
        "An intermediate file is written by one stage for another and seen by nobody.",
    ),
    text(
        "VC-0156",
        "pinned output",
        "remove \"sha256\"",
        "Only content that a participant provides can be pinned: that of an output is what the run is for.",
    ),
    text(
        "VC-0157",
        "file below a file",
        "rename one of them",
        "A path cannot be a file and a folder at once.",
    ),
    text(
        "VC-0158",
        "nothing to read",
        "correct the path, or let an earlier stage write it",
        "A stage may read what participants provide and what this stage or an earlier one may write. This entry covers nothing of that, so it is most likely a slip.",
    ),
    text(
        "VC-0159",
        "nothing to write",
        "add an output or intermediate file to \"files\", or correct the path",
        "A stage may write the output and intermediate files of the policy, each with its receivers and its size. This entry covers none.",
    ),
    text(
        "VC-0160",
        "provided file written",
        "narrow the entry to outputs and intermediate files",
        "What a participant provides is never changed by a program: the receipt commits to it.",
    ),
    text(
        "VC-0161",
        "unprotected isolate",
        "add \"unprotected\": true if everyone accepts that the host can see and change everything",
        "This kind of isolate keeps nothing from the machine's owner. It is for development and for hosts that all parties trust, so the policy must say that this is meant.",
    ),
    text(
        "VC-0162",
        "needless \"unprotected\"",
        "remove \"unprotected\"",
        "The policy says that the host can see everything, and accepts only isolates that protect from it: one of the two is a slip.",
    ),
    text(
        "VC-0163",
        "files too large",
        "lower \"max_bytes\" of some files",
        "All files of a computation are in memory, so their sizes together are bounded.",
    ),
    text(
        "VC-0164",
        "stage exceeds its own limit",
        "raise the limit, or shorten what exceeds it",
        "The policy itself gives a stage more files, arguments or environment than it allows, so the stage could never start.",
    ),
    text(
        "VC-0165",
        "unprotected beside protected",
        "remove one of the two: the host chooses among the isolates, and would choose the unprotected one",
        "The isolates of a policy are alternatives, and the host picks one. One that does not protect from the host makes the protection of all others worthless.",
    ),
    text(
        "VC-0166",
        "no verifier to trust",
        "add the verifier to \"verifiers\", or remove \"trust\"",
        "A participant whose client believes a verifier needs one that the policy names, so that all parties know whose word it is.",
    ),
    text(
        "VC-0170",
        "file not there yet",
        "name a file that is provided, or that an earlier stage may write",
        "A stage's `if_exists` and `stdin` are looked at when its turn comes. A file that only this stage or a later one could write can never be there then.",
    ),
    text(
        "VC-0171",
        "standard input without the right to read",
        "add the file to the stage's `read`",
        "Everything that a stage may read stands in its `read`, its standard input too, so that there is one place to look.",
    ),
    text(
        "VC-0172",
        "file printed to and written",
        "take the file out of the stage's `write`, or print to another one",
        "What a stage prints becomes the content of that file when the stage has ended. If the program could also write the file itself, it would not be said which content counts.",
    ),
    text(
        "VC-0173",
        "two streams in one file",
        "give standard error a file of its own",
        "A file takes one stream of one stage. In what order two of them were to be mixed would depend on how the program buffers them.",
    ),
    text(
        "VC-0180",
        "input not used",
        "let a stage read it, or remove it",
        "Its provider would give a file that nobody may read.",
    ),
    text(
        "VC-0181",
        "file never written",
        "let a stage write it, or remove it",
        "No stage may write it, so receivers wait in vain.",
    ),
    text(
        "VC-0182",
        "overlapping rights",
        "keep the entry that is meant",
        "Two entries of a stage cover the same file. The most specific one decides alone, which may not be what was meant.",
    ),
    text(
        "VC-0183",
        "participant without a role",
        "remove it, or name it in a file or in \"approval\"",
        "It neither provides nor receives anything, nor must it approve, nor may it start a run; but it may see the computation's state.",
    ),
    text(
        "VC-0184",
        "no protection from the host",
        "use an isolate with hardware protection for data that the host must not see",
        "Whoever runs the machine can see and change everything that happens in this kind of isolate.",
    ),
    text(
        "VC-0185",
        "no output",
        "name \"receivers\" for a file",
        "Nobody receives anything from this computation.",
    ),
    text(
        "VC-0186",
        "no end",
        "add \"expires\"",
        "Without it the policy can be started for ever by those who approved it.",
    ),
    text(
        "VC-0187",
        "intermediate file never read",
        "let a later stage read it, or remove it",
        "A stage writes it for nobody.",
    ),
    text(
        "VC-0188",
        "any chip",
        "name the machines in \"chip_ids\" where their operator can tell you the ids",
        "Evidence can be forged with the key of a single broken chip of that technology. Where the policy accepts any chip, that one chip can stand for all machines.",
    ),
    text(
        "VC-0189",
        "exception to the TCB",
        "ask the operator when the machines will be patched, and remove the exception then",
        "The policy accepts machines whose firmware, microcode or configuration Intel says is not up to date, with the advisories that it names. Each of them may let the host into the isolate.",
    ),
    text(
        "VC-0190",
        "certificate expired",
        "ask the participant for a new certificate; the policy's hash will change",
        "TLS clients and libraries refuse certificates after their end.",
    ),
    text(
        "VC-0191",
        "certificate not yet valid",
        "wait, or correct the clock",
        "TLS clients and libraries refuse certificates before their start.",
    ),
    text(
        "VC-0192",
        "policy expired",
        "agree on a new policy",
        "After this time clients refuse to attest, approve and upload.",
    ),
    text(
        "VC-0193",
        "part of the configuration is not measured",
        "name \"rtmr0\" where the virtual machine's configuration is known",
        "RTMR 0 covers what the host configures of a TDX virtual machine: its memory map, devices and boot variables. A policy that is silent about it accepts any.",
    ),
    text(
        "VC-0194",
        "a provider's key may sign",
        "use \"signing_key\": \"vcek\" where the provider offers it",
        "A VLEK is a key that AMD derives for a cloud provider and not for a chip. Evidence that it signs says that the machine is the provider's, and needs trust in how the provider keeps the key.",
    ),
    text(
        "VC-0195",
        "several kinds of isolate",
        "keep the kinds alone that all parties would accept as the only one",
        "The isolates are alternatives and the host chooses, so that the protection is that of the weakest of them: a fault in any one of these technologies is enough.",
    ),
    text(
        "VC-0196",
        "a verifier's word",
        "let the participant use a client of veracruz where it can, which appraises evidence on its own connection",
        "A standard client believes a certificate that the verifier issued. Whoever runs the verifier is trusted to have appraised the isolate, and how long ago that was, at most the lifetime of the certificate, is for the verifier to say: the connection adds no freshness.",
    ),
    text(
        "VC-0197",
        "a limit is not said",
        "say the limit, as low as the computation allows",
        "The default is fixed for ever, but nobody chose it for this computation. The size of an output bounds what it can carry out; memory and time bound what a run costs.",
    ),
    text(
        "VC-0198",
        "names that look alike",
        "rename one of them, or use plain letters",
        "Two names that a person cannot tell apart, or a name that mixes alphabets so that it looks like another word, let a policy say something else than what its readers see.",
    ),
    text(
        "VC-0199",
        "no minimum TCB",
        "name the lowest patch levels in \"minimum_tcb\": `veracruz appraise` shows those of the evidence",
        "SEV-SNP reports patch levels and leaves it to the parties which will do. A policy that names none accepts firmware with every fault that was ever found.",
    ),
];

/// The hint of a code.
pub(super) fn hint(code: &str) -> &'static str {
    CODES
        .iter()
        .find(|entry| entry.code == code)
        .map_or("see the reference of the policy's fields", |entry| {
            entry.hint
        })
}

const fn text(
    code: &'static str,
    title: &'static str,
    hint: &'static str,
    explanation: &'static str,
) -> CodeText {
    CodeText {
        code,
        title,
        hint,
        explanation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_complete() {
        assert!(CODES.is_sorted_by(|a, b| a.code < b.code));
        for entry in CODES {
            assert!(entry.code.starts_with("VC-01") && entry.code.len() == 7);
            for text in [entry.title, entry.hint, entry.explanation] {
                assert!(!text.is_empty(), "{}", entry.code);
            }
        }
    }

    #[test]
    fn every_code_of_the_source_has_an_entry() {
        let source = concat!(include_str!("cause.rs"), include_str!("warning.rs"));
        let used = || source.split('"').filter(|word| word.starts_with("VC-01"));
        assert!(used().count() > 40);
        for code in used() {
            assert!(CODES.iter().any(|entry| entry.code == code), "{code}");
        }
        for entry in CODES {
            assert_eq!(
                used().filter(|code| *code == entry.code).count(),
                1,
                "{}",
                entry.code
            );
        }
    }
}

//! The one table of error codes. A code is never given a second meaning.
//!
//! It is long because it is a table; splitting it would only hide a gap.

use crate::Fault;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $code:literal $status:literal $title:literal
        fault $fault:ident
        hint $hint:literal
        more $more:literal)*) => {
        /// A stable code for everything that a participant or an operator can meet.
        ///
        /// The hundreds say where: 01 policy, 02 session and attestation, 03 approval, 04 files,
        /// 05 programs and runs, 06 receipt, 07 host, 08 client and command line, 09 requests
        /// and the inside. [`Area`](crate::Area) says so in types.
        ///
        /// `Policy…` are errors of a policy and `Warn…` warnings: a warning is what is allowed and
        /// probably not meant.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(#[doc = concat!($code, ": ", $title)] $name,)*
        }

        impl ErrorCode {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code, `VC-` and four digits.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The HTTP status it comes with. For codes that never travel (client, command
            /// line) it is 0.
            #[must_use]
            pub const fn http_status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// What happened, in one line.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// Whose fault it is: who has to act first.
            #[must_use]
            pub const fn fault(self) -> Fault {
                match self { $(Self::$name => Fault::$fault,)* }
            }

            /// What to do next, in one line.
            #[must_use]
            pub const fn hint(self) -> &'static str {
                match self { $(Self::$name => $hint,)* }
            }

            /// The cause at length, for `veracruz explain`.
            #[must_use]
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$name => $more,)* }
            }
        }
    };
}

codes! {
    PolicyRefused "VC-0100" 422 "The policy is not valid"
        fault PolicyAuthor
        hint "run `veracruz policy check FILE`: it names every fault by line and column"
        more "A policy is read strictly: unknown fields, duplicate keys and anything that this version does not support are errors. Faults in a policy have codes of their own, VC-0101 and up; this one stands for all of them where a host or an isolate refuses a policy."
    PolicyTooLarge "VC-0101" 0 "Policy too large"
        fault PolicyAuthor
        hint "shorten the policy: data belongs in files, not in the policy"
        more "A policy is a document that people read and every party checks. It has at most 1 MiB, so that nobody can make an isolate read for ever before it knows whom it serves."
    PolicyNotUtf8 "VC-0102" 0 "Policy not UTF-8"
        fault PolicyAuthor
        hint "save the file as UTF-8, not as UTF-16 or in an encoding of one country"
        more "A policy is JSON, which is UTF-8 (RFC 8259). Bytes that are not text could be shown differently to different parties."
    PolicyByteOrderMark "VC-0103" 0 "Byte order mark"
        fault PolicyAuthor
        hint "save the file as UTF-8 without a byte order mark"
        more "Some editors put an invisible mark before the first character. JSON does not have it (RFC 8259, section 8.1)."
    PolicySyntax "VC-0104" 0 "Not JSON"
        fault PolicyAuthor
        hint "compare the place with a valid policy; JSON has no comments and no comma after the last element"
        more "The document breaks the grammar of JSON (RFC 8259) at this place. Nothing may follow the policy's closing brace but white space."
    PolicyTooDeep "VC-0105" 0 "Nested too deep"
        fault PolicyAuthor
        hint "a policy needs no more than 6 levels: look for a bracket that is not closed"
        more "Objects and arrays in a policy are nested at most 32 deep, so that reading one takes a bounded amount of stack."
    PolicyTooManyValues "VC-0106" 0 "Too many values"
        fault PolicyAuthor
        hint "shorten the policy"
        more "A policy has at most 100,000 values, so that reading one takes a bounded amount of memory."
    PolicyDuplicateName "VC-0107" 0 "Duplicate name"
        fault PolicyAuthor
        hint "keep one of the two"
        more "JSON readers disagree on which of two members with one name counts, so two parties could agree to one document and mean two things."
    PolicyNotAnInteger "VC-0108" 0 "Not an integer"
        fault PolicyAuthor
        hint "write a plain integer, without point, exponent, leading zero or '-0'"
        more "Numbers in a policy are integers below 2^53, which every JSON reader represents exactly, each in its one spelling. Otherwise two policies could have one hash."
    PolicyLoneSurrogate "VC-0109" 0 "Half a character"
        fault PolicyAuthor
        hint "write the character itself, or both halves of the pair"
        more "A \\u escape between d800 and dfff is half of a surrogate pair. Alone it is not text, and readers replace it by different things."
    PolicyWrongType "VC-0120" 0 "Wrong type"
        fault PolicyAuthor
        hint "write a value of the expected type"
        more "Each field has one type; the reference of the policy's fields lists them."
    PolicyUnknownField "VC-0121" 0 "Unknown field"
        fault PolicyAuthor
        hint "remove the field, or correct its name"
        more "A field that is not known is refused and not skipped: a party could otherwise believe that a rule holds which nothing enforces."
    PolicyMissingField "VC-0122" 0 "Missing field"
        fault PolicyAuthor
        hint "add the field"
        more "The field has no default, since no value would be right for everyone. A missing trust anchor in particular is an error and never a default."
    PolicyNotSupported "VC-0123" 0 "Not supported yet"
        fault PolicyAuthor
        hint "remove it, or use a later version of veracruz"
        more "The policy's language has this, but this version of veracruz cannot enforce it, and it does not accept a rule that it would not keep."
    PolicyUnknownVersion "VC-0124" 0 "Unknown version"
        fault PolicyAuthor
        hint "write \"veracruz\": 1, or use a later version of veracruz"
        more "The number fixes the meaning and the default of every field for ever. A program that does not know it cannot tell what the policy means."
    PolicyUnknownWord "VC-0125" 0 "Unknown word"
        fault PolicyAuthor
        hint "write one of the words that the field takes"
        more "The field takes one of a few words; the reference of the policy's fields lists them."
    PolicyOutOfRange "VC-0126" 0 "Out of range"
        fault PolicyAuthor
        hint "write a number within the bounds"
        more "Each number has bounds, below which the computation could not run and above which no isolate could keep it."
    PolicyWrongLength "VC-0127" 0 "Wrong length"
        fault PolicyAuthor
        hint "shorten or extend it"
        more "Each list and text has bounds, so that a policy can be read by people and checked in bounded time."
    PolicyForbiddenCharacter "VC-0128" 0 "Forbidden character"
        fault PolicyAuthor
        hint "remove the character"
        more "Control characters and those that turn the direction of writing are refused, since a reader would see another text than the one that counts."
    PolicyInvalidName "VC-0129" 0 "Invalid name"
        fault PolicyAuthor
        hint "use a name of the expected form"
        more "Names of participants and of environment variables are plain words, so that two of them that look alike are alike."
    PolicyInvalidPath "VC-0130" 0 "Invalid path"
        fault PolicyAuthor
        hint "write the path in its canonical form"
        more "Each file has exactly one spelling: absolute, no empty part, no '.' or '..'. Rights are decided on it, so there is no second way to a file."
    PolicyInvalidDigest "VC-0131" 0 "Invalid digest"
        fault PolicyAuthor
        hint "write the digest in lower-case hex, as `sha256sum` prints it"
        more "Digests are lower-case hex, in exactly one spelling: 64 characters for SHA-256, 96 for the SHA-384 that SEV-SNP, TDX and Nitro measure with."
    PolicyInvalidSize "VC-0132" 0 "Invalid size"
        fault PolicyAuthor
        hint "write bytes as an integer, or a text as \"64MiB\" (B, KiB, MiB, GiB, TiB)"
        more "A size is a whole number with a binary unit. Units as KB are refused, since people disagree on whether they mean 1000 or 1024."
    PolicyInvalidDuration "VC-0133" 0 "Invalid duration"
        fault PolicyAuthor
        hint "write a text as \"500ms\", \"60s\", \"5min\", \"2h\" or \"1d\""
        more "A duration is a whole number with its unit; a number without a unit would be read as seconds by some and as milliseconds by others."
    PolicyInvalidTime "VC-0134" 0 "Invalid time"
        fault PolicyAuthor
        hint "write a time in UTC as \"2027-01-01T00:00:00Z\""
        more "Times are RFC 3339 in UTC with whole seconds, in exactly one spelling."
    PolicyDuplicateElement "VC-0135" 0 "Duplicate element"
        fault PolicyAuthor
        hint "keep one of the two"
        more "An element that stands twice in a list means nothing more than once, and is most often a slip for another one."
    PolicyAllZeros "VC-0136" 0 "All zeros"
        fault PolicyAuthor
        hint "measure the image again: where it was started for debugging, or nothing was measured, hardware reports zeros"
        more "Hardware reports zeros where nothing was measured, where an enclave runs in debug mode, and where a platform hides its id. A policy that accepted zeros would accept all of these. Registers that must not have been extended are checked where the policy is silent about them."
    PolicyInvalidChipId "VC-0137" 0 "Not a chip's id"
        fault PolicyAuthor
        hint "copy the id that `veracruz appraise` shows for evidence of the machine"
        more "The id of a chip has one length in each technology: 16 bytes for SGX and TDX (PPID), 64 for SEV-SNP (CHIP_ID), 33 for CCA and PSA (instance id)."
    PolicyChipsNotSaid "VC-0138" 0 "Chips not said"
        fault PolicyAuthor
        hint "name the machines in \"chip_ids\", or say \"any_chip\": true"
        more "A key taken out of one broken chip can forge evidence of every machine of its kind. Naming the machines stops that; accepting any of them is a decision that a policy says aloud. Evidence of Nitro has no id, so that a policy with it can only say \"any_chip\": true."
    PolicyChipsSaidTwice "VC-0139" 0 "Chips said twice"
        fault PolicyAuthor
        hint "remove \"any_chip\", or \"chip_ids\""
        more "A policy that names machines and accepts any machine contradicts itself."
    PolicyInvalidCertificate "VC-0140" 0 "Invalid certificate"
        fault PolicyAuthor
        hint "paste one certificate as PEM, with \\n for line ends"
        more "A participant's certificate is one PEM block (RFC 7468) with one X.509 certificate in DER, and nothing around it."
    PolicyCertificateVersion "VC-0141" 0 "Old certificate"
        fault PolicyAuthor
        hint "make a v3 certificate, for example with `veracruz identity new`"
        more "TLS refuses X.509 certificates of other versions than 3; the policy is refused now rather than the participant later."
    PolicyCertificateExtension "VC-0142" 0 "Unsupported certificate extension"
        fault PolicyAuthor
        hint "make a certificate without that extension, for example with `veracruz identity new`"
        more "An extension that is marked critical must be understood or the certificate refused (RFC 5280, section 4.2); TLS would refuse it later."
    PolicyKeyNotSupported "VC-0143" 0 "Unsupported key"
        fault PolicyAuthor
        hint "use a key of the expected kind; for a participant, `veracruz identity new` makes one"
        more "Participants and verifiers have ECDSA keys on P-256; participants sign their approvals with the same key. Keys of platforms may be on P-384 and P-521, too."
    PolicyInvalidKey "VC-0144" 0 "Invalid key"
        fault PolicyAuthor
        hint "make a new key and certificate, for example with `veracruz identity new`"
        more "The certificate carries a key that is no point on its curve, or one in compressed form, which TLS does not use."
    PolicyInvalidPublicKey "VC-0145" 0 "Not a public key"
        fault PolicyAuthor
        hint "write the key as one PEM block PUBLIC KEY, as `openssl pkey -pubout` prints it"
        more "A key that the policy trusts is written out, as a SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7) in DER, as PEM, with nothing around it."
    PolicyNotAnAuthority "VC-0146" 0 "Not an authority"
        fault PolicyAuthor
        hint "use the certificate that the verifier's operator gives out for --cacert"
        more "A verifier's certificate issues certificates for isolates, so its basicConstraints must say that it is an authority (RFC 5280, section 4.2.1.9). TLS clients would refuse it otherwise."
    PolicyMissingOneOf "VC-0147" 0 "One of several fields is missing"
        fault PolicyAuthor
        hint "name at least one of them"
        more "A TPM has no vendor's root that everybody trusts: a policy names attestation keys or the authorities that certify them, and a missing anchor is an error, never a default. The vTPM of Azure is vouched for by hardware, of which the policy names one kind or both."
    PolicySharedKey "VC-0150" 0 "Two participants with one key"
        fault PolicyAuthor
        hint "give each participant a key of its own"
        more "A participant is its key. Two names for one key would let one party count as two, for example among those who must approve."
    PolicyUnknownParticipant "VC-0151" 0 "Unknown participant"
        fault PolicyAuthor
        hint "name one of \"participants\""
        more "Providers, receivers, and those who approve and run are participants of the policy, by the name that it gives them."
    PolicyUnknownFile "VC-0152" 0 "Unknown file"
        fault PolicyAuthor
        hint "add the file to \"files\""
        more "A stage's program is one of the policy's files."
    PolicyProgramNotProvided "VC-0153" 0 "Program without provider"
        fault PolicyAuthor
        hint "give the program a \"provider\""
        more "A stage's program is provided by a participant. A program that another program writes could not be approved by anyone."
    PolicyFileWithoutRole "VC-0154" 0 "File without a role"
        fault PolicyAuthor
        hint "add a \"provider\", \"receivers\", or \"intermediate\": true"
        more "A file comes from someone, or goes to someone, or is written by one stage for another."
    PolicyIntermediateWithParty "VC-0155" 0 "Intermediate file with a party"
        fault PolicyAuthor
        hint "remove the field, or \"intermediate\""
        more "An intermediate file is written by one stage for another and seen by nobody."
    PolicyPinnedOutput "VC-0156" 0 "Pinned output"
        fault PolicyAuthor
        hint "remove \"sha256\""
        more "Only content that a participant provides can be pinned: that of an output is what the run is for."
    PolicyPathInsideFile "VC-0157" 0 "File below a file"
        fault PolicyAuthor
        hint "rename one of them"
        more "A path cannot be a file and a folder at once."
    PolicyNothingToRead "VC-0158" 0 "Nothing to read"
        fault PolicyAuthor
        hint "correct the path, or let an earlier stage write it"
        more "A stage may read what participants provide and what this stage or an earlier one may write. This entry covers nothing of that, so it is most likely a slip."
    PolicyNothingToWrite "VC-0159" 0 "Nothing to write"
        fault PolicyAuthor
        hint "add an output or intermediate file to \"files\", or correct the path"
        more "A stage may write the output and intermediate files of the policy, each with its receivers and its size. This entry covers none."
    PolicyProvidedAndWritten "VC-0160" 0 "Provided file written"
        fault PolicyAuthor
        hint "narrow the entry to outputs and intermediate files"
        more "What a participant provides is never changed by a program: the receipt commits to it."
    PolicyUnprotectedNotSaid "VC-0161" 0 "Unprotected isolate"
        fault PolicyAuthor
        hint "add \"unprotected\": true if everyone accepts that the host can see and change everything"
        more "This kind of isolate keeps nothing from the machine's owner. It is for development and for hosts that all parties trust, so the policy must say that this is meant."
    PolicyUnprotectedInVain "VC-0162" 0 "Needless \"unprotected\""
        fault PolicyAuthor
        hint "remove \"unprotected\""
        more "The policy says that the host can see everything, and accepts only isolates that protect from it: one of the two is a slip."
    PolicyFilesTooLarge "VC-0163" 0 "Files too large"
        fault PolicyAuthor
        hint "lower \"max_bytes\" of some files"
        more "All files of a computation are in memory, so their sizes together are bounded."
    PolicyExceedsOwnLimit "VC-0164" 0 "Stage exceeds its own limit"
        fault PolicyAuthor
        hint "raise the limit, or shorten what exceeds it"
        more "The policy itself gives a stage more files, arguments or environment than it allows, so the stage could never start."
    PolicyUnprotectedBeside "VC-0165" 0 "Unprotected beside protected"
        fault PolicyAuthor
        hint "remove one of the two: the host chooses among the isolates, and would choose the unprotected one"
        more "The isolates of a policy are alternatives, and the host picks one. One that does not protect from the host makes the protection of all others worthless."
    PolicyTrustWithoutVerifier "VC-0166" 0 "No verifier to trust"
        fault PolicyAuthor
        hint "add the verifier to \"verifiers\", or remove \"trust\""
        more "A participant whose client believes a verifier needs one that the policy names, so that all parties know whose word it is."
    PolicyNotThereYet "VC-0170" 0 "File not there yet"
        fault PolicyAuthor
        hint "name a file that is provided, or that an earlier stage may write"
        more "A stage's `if_exists` and `stdin` are looked at when its turn comes. A file that only this stage or a later one could write can never be there then."
    PolicyStdinWithoutRight "VC-0171" 0 "Standard input without the right to read"
        fault PolicyAuthor
        hint "add the file to the stage's `read`"
        more "Everything that a stage may read stands in its `read`, its standard input too, so that there is one place to look."
    PolicyPrintedAndWritten "VC-0172" 0 "File printed to and written"
        fault PolicyAuthor
        hint "take the file out of the stage's `write`, or print to another one"
        more "What a stage prints becomes the content of that file when the stage has ended. If the program could also write the file itself, it would not be said which content counts."
    PolicyStreamsInOneFile "VC-0173" 0 "Two streams in one file"
        fault PolicyAuthor
        hint "give standard error a file of its own"
        more "A file takes one stream of one stage. In what order two of them were to be mixed would depend on how the program buffers them."
    PolicyQuorumKindUnknown "VC-0174" 0 "Quorum of an isolate that is not described"
        fault PolicyAuthor
        hint "describe the kind in \"isolates\", or take it out of \"quorum\""
        more "Every isolate of a quorum is appraised, and what its evidence must say stands in `isolates`."
    PolicyNotInQuorum "VC-0175" 0 "Isolate outside the quorum"
        fault PolicyAuthor
        hint "add the kind to \"quorum\", or take it out of \"isolates\""
        more "Where a policy has a quorum, one isolate of each of its kinds carries out every run, and no other isolate does. A kind that is described and not in the quorum could never take part, and a reader might think that it does."
    PolicyQuorumProviderSilent "VC-0176" 0 "Provider who does not sign the quorum"
        fault PolicyAuthor
        hint "add the participant to \"required\" in \"approval\""
        more "The isolates of a quorum compare their outputs under a key that is made of every provider's secret share. Whoever has a part in it therefore says, signed, which isolates may have it."
    PolicyQuorumSignerRelies "VC-0177" 0 "Signer of the quorum who appraises nothing"
        fault PolicyAuthor
        hint "let the participant's client appraise (\"trust\": \"connection\"), or do not require its approval"
        more "An approval of a quorum says which isolates it consists of and of what kind each is. Isolates believe that because whoever signs has appraised every one of them; a standard client that relies on a verifier's certificate cannot."
    WarnQuorumSharesAll "VC-0178" 0 "Quorum shares all data"
        fault PolicyAuthor
        hint "keep the quorum as small as the result needs, and its kinds as strong as the data needs"
        more "A quorum protects results: to forge one, every isolate of it would have to be broken. Secrets it weakens: every isolate has all data, and one that is broken is enough to learn them."
    WarnQuorumNativeNan "VC-0179" 0 "Quorum with native NaN"
        fault PolicyAuthor
        hint "say \"nan\": \"canonical\" in \"execution\", unless the programs use no floating point"
        more "Processors of different instruction sets give different bits to a NaN that an operation makes. Isolates whose outputs differ in that alone do not agree, and nothing is released."
    WarnInputNotUsed "VC-0180" 0 "Input not used"
        fault PolicyAuthor
        hint "let a stage read it, or remove it"
        more "Its provider would give a file that nobody may read."
    WarnNeverWritten "VC-0181" 0 "File never written"
        fault PolicyAuthor
        hint "let a stage write it, or remove it"
        more "No stage may write it, so receivers wait in vain."
    WarnOverlappingRights "VC-0182" 0 "Overlapping rights"
        fault PolicyAuthor
        hint "keep the entry that is meant"
        more "Two entries of a stage cover the same file. The most specific one decides alone, which may not be what was meant."
    WarnWithoutRole "VC-0183" 0 "Participant without a role"
        fault PolicyAuthor
        hint "remove it, or name it in a file or in \"approval\""
        more "It neither provides nor receives anything, nor must it approve, nor may it start a run; but it may see the computation's state."
    WarnUnprotected "VC-0184" 0 "No protection from the host"
        fault PolicyAuthor
        hint "use an isolate with hardware protection for data that the host must not see"
        more "Whoever runs the machine can see and change everything that happens in this kind of isolate."
    WarnNoOutput "VC-0185" 0 "No output"
        fault PolicyAuthor
        hint "name \"receivers\" for a file"
        more "Nobody receives anything from this computation."
    WarnNoExpiry "VC-0186" 0 "No end"
        fault PolicyAuthor
        hint "add \"expires\""
        more "Without it the policy can be started for ever by those who approved it."
    WarnNeverRead "VC-0187" 0 "Intermediate file never read"
        fault PolicyAuthor
        hint "let a later stage read it, or remove it"
        more "A stage writes it for nobody."
    WarnAnyChip "VC-0188" 0 "Any chip"
        fault PolicyAuthor
        hint "name the machines in \"chip_ids\" where their operator can tell you the ids"
        more "Evidence can be forged with the key of a single broken chip of that technology. Where the policy accepts any chip, that one chip can stand for all machines."
    WarnTcbException "VC-0189" 0 "Exception to the TCB"
        fault PolicyAuthor
        hint "ask the operator when the machines will be patched, and remove the exception then"
        more "The policy accepts machines whose firmware, microcode or configuration Intel says is not up to date, with the advisories that it names. Each of them may let the host into the isolate."
    WarnCertificateExpired "VC-0190" 0 "Certificate expired"
        fault OtherParticipant
        hint "ask the participant for a new certificate; the policy's hash will change"
        more "TLS clients and libraries refuse certificates after their end."
    WarnCertificateNotYetValid "VC-0191" 0 "Certificate not yet valid"
        fault OtherParticipant
        hint "wait, or correct the clock"
        more "TLS clients and libraries refuse certificates before their start."
    WarnPolicyExpired "VC-0192" 0 "Policy expired"
        fault Nobody
        hint "agree on a new policy"
        more "After this time clients refuse to attest, approve and upload."
    WarnConfigurationNotMeasured "VC-0193" 0 "Part of the configuration is not measured"
        fault PolicyAuthor
        hint "name \"rtmr0\" where the virtual machine's configuration is known"
        more "RTMR 0 covers what the host configures of a TDX virtual machine: its memory map, devices and boot variables. A policy that is silent about it accepts any."
    WarnProviderKey "VC-0194" 0 "A provider's key may sign"
        fault PolicyAuthor
        hint "use \"signing_key\": \"vcek\" where the provider offers it"
        more "A VLEK is a key that AMD derives for a cloud provider and not for a chip. Evidence that it signs says that the machine is the provider's, and needs trust in how the provider keeps the key."
    WarnWeakest "VC-0195" 0 "Several kinds of isolate"
        fault PolicyAuthor
        hint "keep the kinds alone that all parties would accept as the only one"
        more "The isolates are alternatives and the host chooses, so that the protection is that of the weakest of them: a fault in any one of these technologies is enough."
    WarnTrustsVerifier "VC-0196" 0 "A verifier's word"
        fault PolicyAuthor
        hint "let the participant use a client of veracruz where it can, which appraises evidence on its own connection"
        more "A standard client believes a certificate that the verifier issued. Whoever runs the verifier is trusted to have appraised the isolate, and how long ago that was, at most the lifetime of the certificate, is for the verifier to say: the connection adds no freshness."
    WarnDefaultLimit "VC-0197" 0 "A limit is not said"
        fault PolicyAuthor
        hint "say the limit, as low as the computation allows"
        more "The default is fixed for ever, but nobody chose it for this computation. The size of an output bounds what it can carry out; memory and time bound what a run costs."
    WarnLooksAlike "VC-0198" 0 "Names that look alike"
        fault PolicyAuthor
        hint "rename one of them, or use plain letters"
        more "Two names that a person cannot tell apart, or a name that mixes alphabets so that it looks like another word, let a policy say something else than what its readers see."
    WarnNoMinimumTcb "VC-0199" 0 "No minimum TCB"
        fault PolicyAuthor
        hint "name the lowest patch levels in \"minimum_tcb\": `veracruz appraise` shows those of the evidence"
        more "SEV-SNP reports patch levels and leaves it to the parties which will do. A policy that names none accepts firmware with every fault that was ever found."

    AuthorityUnknown "VC-0201" 421 "This connection belongs to another computation"
        fault Host
        hint "connect to `<policy hash>.veracruz.internal` and send that name in `Host`"
        more "The name in the TLS handshake and the `Host` of a request must be the computation's own: the policy hash, or instance and policy hash, under veracruz.internal. Anything else means that a host or a proxy mixed up connections."
    AttestationRequired "VC-0202" 428 "No evidence was asked for on this connection"
        fault You
        hint "send `POST /v1/attestation` first and appraise the answer"
        more "Nothing but the policy, the status and evidence is served on a connection before its client asked for evidence there. This finds clients that forgot to attest; what protects is that the client appraises the evidence before it sends anything secret, on the same connection."
    NonceMalformed "VC-0203" 400 "The nonce is not 32 bytes"
        fault You
        hint "send 32 fresh random bytes in base64url without padding (43 characters)"
        more "Evidence is bound to a nonce of exactly 32 bytes that the client has just drawn. A shorter one could be guessed, a used one replayed."
    EvidenceUnavailable "VC-0204" 503 "The isolate could not get evidence"
        fault Isolate
        hint "try again; if it stays, start a new isolate"
        more "The platform or the attester did not give evidence. Nothing was sent that it should have protected."
    EvidenceRefused "VC-0205" 0 "The evidence is not good"
        fault Host
        hint "do not use this isolate; ask the host which runtime and attester it uses"
        more "The client appraised the isolate's evidence against its own copy of the policy and refused it: another runtime, another policy, an attester that the policy does not name, or evidence that was made for another connection. Nothing secret was sent."
    PeerUnknown "VC-0206" 403 "The key of this connection is not a participant's"
        fault You
        hint "connect with the identity whose certificate stands in the policy"
        more "A participant is its public key. The isolate refuses every other key, in the handshake where it can; a client sees that as a closed connection at its first read."
    PolicyDiffers "VC-0207" 0 "The isolate has another policy than you"
        fault Host
        hint "compare the two with `veracruz policy diff`, and agree on one"
        more "The isolate's policy has another hash than your copy. What an isolate says is never a reason to trust it, so nothing was sent."
    CredentialRefused "VC-0208" 422 "The isolate's TPM did not open the credential"
        fault Host
        hint "send nothing; ask the host to start the isolate on a machine whose TPM the policy names"
        more "The policy trusts a TPM by the root of its endorsement key. The client encrypted a secret to that key, for the attestation key that signed the evidence, and only the TPM that holds both gives it out. The isolate's TPM did not, or the isolate has none."
    EvidenceMalformed "VC-0210" 0 "The evidence cannot be read"
        fault Host
        hint "send nothing; the evidence was damaged or forged on its way"
        more "Envelope and token are read strictly, in one encoding each, as docs/reference/evidence.md describes them."
    EvidenceTechnology "VC-0211" 0 "The evidence is of a kind that the policy does not accept"
        fault Host
        hint "send nothing; ask the host to start an isolate of a kind that the policy names"
        more "The policy lists the kinds of isolates that all parties accepted. The host started another one."
    EvidenceAttester "VC-0212" 0 "The evidence is by an attester that the policy does not name"
        fault Host
        hint "send nothing; if this attester should be trusted, agree on a policy that names its key"
        more "Anybody can make a key and sign evidence with it. The policy names the keys that count, and what evidence says about its own key is no reason to believe it."
    EvidenceSignature "VC-0213" 0 "The evidence's signature is wrong"
        fault Host
        hint "send nothing; the evidence was damaged or forged on its way"
        more "The attester that the evidence names did not sign it."
    EvidenceLifecycle "VC-0214" 0 "The evidence claims a protection that its kind does not have"
        fault Host
        hint "send nothing; the attester is not what it says"
        more "Software that vouches for software never has the lifecycle state of secured hardware."
    EvidenceBinding "VC-0215" 0 "The evidence was made for something else"
        fault Host
        hint "send nothing; connect again, and if it stays like this, someone is in between"
        more "Evidence is bound to the policy, both keys, this very connection and your nonce. This one was made for another connection, nonce, policy or purpose: relayed or replayed."
    EvidenceMeasurement "VC-0216" 0 "The isolate runs another runtime than the policy accepts"
        fault Host
        hint "send nothing; if this runtime should be used, agree on a policy that names it"
        more "The policy lists the digests of the runtimes that all parties accepted. The isolate was started from another one."
    EvidenceLaunchPolicy "VC-0217" 0 "The isolate was started with another policy"
        fault Host
        hint "send nothing; compare your copy of the policy with the other parties'"
        more "The policy with which the attester started the isolate is not the one that you have."

    EvidenceChain "VC-0218" 0 "The evidence's certificates do not lead to the vendor's root"
        fault Host
        hint "send nothing; the evidence was forged, or its collateral is of another platform"
        more "The roots of vendors are pinned by digest in this program, and no chain brings its own. A chain that ends elsewhere, lacks a certificate or has one that may not issue others proves nothing."
    EvidenceDates "VC-0219" 0 "Evidence or collateral is not valid at this time"
        fault You
        hint "check this machine's clock, and add fresh collateral with `veracruz collateral add`"
        more "Certificates, revocation lists and TCB information have dates, and they are judged at your clock's time. Vendors publish new ones every month."
    EvidenceRevoked "VC-0220" 0 "The vendor revoked the platform's certificate"
        fault Host
        hint "send nothing; the vendor says that this platform is broken"
        more "A revoked certificate means that a key got out or that a chip was returned. Evidence under it can be made by others."
    CollateralMissing "VC-0221" 0 "Collateral is missing or does not fit"
        fault You
        hint "add what the vendor publishes for this platform with `veracruz collateral add`"
        more "Evidence of hardware is judged with certificates, revocation lists and TCB information from its vendor. Nothing is fetched on its own: that would tell others what you do, and hide from you what was believed."
    EvidenceDebug "VC-0222" 0 "The isolate is open to debugging or migration"
        fault Host
        hint "send nothing; ask the host to start the isolate without debugging and migration"
        more "The hardware says that the host may look into this isolate, or move it to a machine that nobody attested. It protects nothing."
    EvidenceTcb "VC-0223" 0 "The platform's firmware is older than the policy accepts"
        fault Host
        hint "ask the host to update its firmware, or agree on a policy that names the exception"
        more "Vendors publish which patch levels have known holes. A level below 'up to date' is accepted only where the policy names it, so that all parties know; the certificate of a platform's key must be of the level that its evidence says."
    EvidenceChip "VC-0224" 0 "The chip is none that the policy names"
        fault Host
        hint "send nothing; if this machine should be trusted, agree on a policy that names it"
        more "The policy lists the machines that the parties accept, by the ids of their chips. One broken chip would stand for all otherwise."
    EvidenceEventLog "VC-0225" 0 "The event log does not fit the evidence"
        fault Host
        hint "send nothing; the evidence was damaged or forged on its way"
        more "Replaying the log of what was started must lead to the registers that the hardware signed. Here it does not: an event is missing, was added or was changed."
    EvidenceNotCompared "VC-0226" 0 "The evidence was compared with nothing"
        fault You
        hint "give reference values, or a policy that names some"
        more "Genuine hardware runs anything. Without reference values, evidence says that it is genuine and not what it is of."
    EvidenceActivation "VC-0227" 0 "Nothing shows that the key of the evidence is in that TPM"
        fault You
        hint "attest the isolate on a connection; or agree on a policy that names `aks` or `ak_roots`"
        more "The policy trusts a TPM by the root of its endorsement key, with which no evidence is signed. That the key which signed is in the same TPM is shown by a question to that TPM, while one is connected: neither a file, nor a receipt judged later, nor a verifier's challenge shows it."
    EvidenceCredential "VC-0228" 0 "The isolate does not know the secret of the credential"
        fault Host
        hint "send nothing; the evidence is by a key outside the TPM that it names, or someone is in between"
        more "The client's secret was encrypted so that the TPM with the certified endorsement key gives it out only if it holds the key that signed the evidence as well. The answer was made without that secret, or for another connection."

    VerifierSession "VC-0251" 404 "The verifier has no such session"
        fault You
        hint "open a new session: each is answered once, within a minute"
        more "A verifier's challenge is used once, whatever came of it, and is forgotten after a minute and at a restart. This one was answered, has expired, or was never given out."
    VerifierRefused "VC-0252" 403 "The verifier found the evidence not good"
        fault Host
        hint "read the detail: it says what was expected and what was found"
        more "The verifier appraised the evidence and signed nothing. Evidence with a policy is held against that policy alone; evidence without one against the policies that the verifier's administrator stored."
    VerifierNotNamed "VC-0253" 403 "The policy does not name this verifier"
        fault PolicyAuthor
        hint "the policy's `verifiers` must have this verifier's name, its `ca` and its `ear_key`"
        more "A verifier certifies an isolate only where the parties said beforehand, in their policy, that they would believe it. This policy names other verifiers, or this one with other keys."
    VerifierAttester "VC-0254" 403 "The verifier does not know who vouches for the isolate"
        fault Verifier
        hint "the verifier's administrator enrols an attester's key: `veracruz verifier enroll`"
        more "Where no vendor stands behind a piece of evidence, the key that signed it must be named in the policy and enrolled at the verifier. This one was never enrolled there, or was revoked."
    CertificateRequest "VC-0255" 400 "The certificate request is not good"
        fault You
        hint "request a certificate for a P-256 key, without names and attributes, signed by that key"
        more "Of a request the verifier takes the key and the proof that its owner made it. Names come from the policy's hash, so a request that asks for names is refused."
    VerifierNonce "VC-0256" 400 "The nonce has another size than this takes"
        fault You
        hint "open the session with nonceSize=32"
        more "Sessions have nonces of 32 to 64 bytes. Evidence that is bound to a connection or a key takes one of 32."
    VerifierRate "VC-0257" 429 "Too many requests"
        fault You
        hint "wait as long as `Retry-After` says"
        more "The verifier answers each peer so many requests in a minute, and a tenth of them at once."
    VerifierFull "VC-0258" 503 "The verifier has too much to do"
        fault Verifier
        hint "wait as long as `Retry-After` says"
        more "As many challenges wait for their evidence as the verifier keeps."
    VerifierFailed "VC-0259" 500 "The verifier failed at this request"
        fault Verifier
        hint "ask the verifier's operator, whose log says why"
        more "Its database or the cryptographic library failed. Nothing was signed."

    ApprovalMalformed "VC-0301" 400 "The approval cannot be read"
        fault You
        hint "make it with `veracruz approve`; by hand: a JWS in compact form, as docs/reference/api.md says"
        more "An approval is a JWS in compact form whose protected header has `alg` and `typ` and nothing else, and whose payload is an approval statement without unknown members."
    ApprovalAlgorithm "VC-0302" 400 "The approval is signed with another algorithm"
        fault You
        hint "sign with ES256"
        more "The algorithm follows from the key that the policy pins, which is on the curve P-256. What a header says can only agree with it."
    ApprovalSignature "VC-0303" 403 "The approval's signature is wrong"
        fault You
        hint "sign with the key whose certificate stands in the policy"
        more "The signature over the approval does not verify under the key that the policy pins for the participant named in it."
    ApprovalPurpose "VC-0304" 400 "The signed statement is not an approval"
        fault You
        hint "the purpose must be `veracruz-approval-v1`"
        more "A signature for one purpose never counts for another."
    ApprovalPolicy "VC-0305" 409 "The approval is for another policy"
        fault You
        hint "approve the policy that this isolate has"
        more "An approval names one policy by its hash and holds for that one alone."
    ApprovalParticipant "VC-0306" 403 "The approval is somebody else's"
        fault You
        hint "approve in your own name; a participant that withdrew must send its approval itself"
        more "The approval names a participant that the policy does not know, or one that withdrew before: after a withdrawal, only a session of the participant's own can approve again, so that nobody can replay its old signature."
    ApprovalInstance "VC-0307" 409 "The approval is for another isolate"
        fault You
        hint "approve this instance: `veracruz status` shows its name"
        more "An approval lists the instances for which it holds. This isolate is not among them."
    ApprovalAnyInstance "VC-0308" 400 "An approval for any isolate needs pinned programs"
        fault You
        hint "name the instances, or pin every program's digest in the policy"
        more "Where the policy does not pin a program, another isolate could be given another program. So an approval must then say at which instances it holds."
    ApprovalPrograms "VC-0309" 409 "The approval does not name the programs that are here"
        fault You
        hint "look at the programs' digests in the status, and approve those"
        more "For every program that the policy does not pin, an approval gives the digest of the program that is meant, and it must be the one that the isolate holds now. It names no other files."
    ApprovalNotYet "VC-0310" 403 "The approval does not hold yet"
        fault You
        hint "check the clocks; `nbf` must not lie in the future, nor `exp` before it"
        more "The time before which the approval does not hold (`nbf`), or the time of its signature (`iat`), is later than the isolate's time, or the approval's times contradict each other. The isolate's clock is set by its host and may be wrong."
    ApprovalExpired "VC-0311" 403 "The approval has expired"
        fault You
        hint "sign a new one"
        more "The isolate's time has reached the approval's `exp`. That time is the later of its own clock and the `iat` of the approvals it accepted."
    ApprovalReplayed "VC-0312" 409 "The approval was used before"
        fault You
        hint "sign a new one with a new `jti`"
        more "An isolate accepts each identifier of a participant once. After a withdrawal, a replaced program or a run that needs fresh approvals, a new statement has to be signed."
    ApprovalBarred "VC-0313" 409 "This cannot change during a run"
        fault Nobody
        hint "wait until the run is over"
        more "While a run is at work, approvals and files stay as they are. A withdrawal is the exception: it bars further runs."
    PolicyExpired "VC-0314" 403 "The policy has expired"
        fault Nobody
        hint "agree on a new policy"
        more "The policy's `expires` has passed by the isolate's time. No approvals, files or runs are accepted after it."
    ApprovalsFull "VC-0315" 409 "Too many approvals"
        fault You
        hint "start a new isolate"
        more "An isolate remembers the identifier of each approval that it accepted, and keeps room for a fixed number a participant."
    ApprovalQuorum "VC-0320" 409 "The approval does not name the isolates of the quorum"
        fault You
        hint "approve with all of the isolates: `veracruz approve` with one `--host` for each"
        more "Where a policy has a quorum, an approval names one isolate of each of its kinds, with the kind, in the policy's order, and this isolate among them. Where a policy has none, an approval names no kinds."
    ApprovalOtherQuorum "VC-0321" 409 "You signed another quorum here before"
        fault You
        hint "withdraw first: what you gave is erased, and you may sign the new one"
        more "What a participant provides goes to the isolates that it signed and to no others. While it is here, another set of isolates would not have the same inputs and the same share of randomness, and could never agree."

    FilePathMalformed "VC-0401" 400 "This is not a canonical path"
        fault You
        hint "write the path as the policy has it: absolute, without `.`, `..`, empty parts or a trailing slash"
        more "A path has one spelling. Others are refused, not resolved: rights and pins would otherwise depend on the spelling."
    FileUnknown "VC-0402" 404 "The policy has no such file"
        fault You
        hint "`veracruz status` lists the files"
        more "Only files that stand in the policy exist."
    NotProvider "VC-0403" 403 "Someone else provides this file"
        fault You
        hint "only the provider named in the policy can upload or delete it"
        more "Each provided file has one provider; outputs and intermediate files have none."
    NotReceiver "VC-0404" 403 "This file is not for you"
        fault You
        hint "only the receivers named in the policy can fetch it"
        more "Contents go to the receivers that the policy names for the file, to nobody else: not to its provider, not to whoever runs the computation."
    NotReleased "VC-0405" 409 "There is nothing to fetch yet"
        fault Nobody
        hint "wait until a run has finished: `veracruz status`"
        more "Outputs are released when a run has finished. A failed or withheld run releases none."
    ApprovalFirst "VC-0406" 409 "Approve before you upload"
        fault You
        hint "`veracruz approve`"
        more "An input is accepted only from a provider that has approved this isolate, or whose approval the policy does not ask for. Programs come first, since approvals may name their digests."
    LengthRequired "VC-0407" 411 "The request does not say how long its body is"
        fault You
        hint "send `Content-Length`"
        more "Every size is checked against the policy before room is made for it."
    FileTooLarge "VC-0408" 413 "The file is larger than the policy allows"
        fault You
        hint "compare `max_bytes` in the policy"
        more "The announced length exceeds the file's `max_bytes`."
    RangeMalformed "VC-0409" 400 "The range cannot be read"
        fault You
        hint "send `Content-Range: bytes FIRST-LAST/LENGTH` with the right `Content-Length`, or `Range: bytes=FIRST-LAST`"
        more "One range of bytes with the file's whole length; no unknown length, no list of ranges."
    UploadOffset "VC-0410" 409 "The upload does not go on where it stopped"
        fault You
        hint "go on at `Upload-Offset`, or start again at 0"
        more "The isolate holds the bytes up to the offset that it gives in `Upload-Offset`. An upload goes on exactly there, or starts again from 0, which discards them."
    UploadBusy "VC-0411" 409 "A newer connection uploads this file"
        fault You
        hint "go on there, or begin again"
        more "The newest connection of a file's provider uploads it. This one was taken over; what it sent before is kept."
    PinMismatch "VC-0412" 422 "The contents are not those that the policy pins"
        fault You
        hint "provide the file whose SHA-256 stands in the policy"
        more "The policy gives the digests that this file may have. It is compared before the upload with the digest that is announced and after it with the digest of what arrived; nothing was committed."
    DigestMismatch "VC-0413" 422 "What arrived is not what was announced"
        fault Network
        hint "upload again from 0"
        more "The SHA-256 of the bytes that arrived differs from `Repr-Digest`. Nothing was committed, and the bytes are gone: there is no telling which of them were wrong."
    DigestMissing "VC-0414" 400 "The upload does not say its digest"
        fault You
        hint "send `Repr-Digest: sha-256=:BASE64:` over the whole file"
        more "A file is committed only if it is the one that its provider meant. RFC 9530 says how the digest is written; exactly one, of SHA-256."
    SecretMissing "VC-0415" 400 "The upload lacks its salt or its share of randomness"
        fault You
        hint "send `Veracruz-Salt` and `Veracruz-Share`, each `:BASE64:` of 32 fresh random bytes"
        more "The salt blinds the commitment to the file in the receipt, which could otherwise be guessed from likely contents. The shares of all providers make the seed of the programs' randomness, so that no single party can compute it. Neither may be all zero, and they must differ."
    UploadDiffers "VC-0416" 409 "This is not the upload that was begun"
        fault You
        hint "repeat length, digest, salt and share as at the beginning, or start again at 0"
        more "An upload goes on with the same announced length, digest, salt and share."
    UploadCut "VC-0417" 400 "The body is not as long as announced"
        fault Network
        hint "ask for the offset with `HEAD` and go on there"
        more "The body ended early or ran over its announced length. Nothing was committed. What came within the announced length is kept, and the upload can go on after it."
    FileAbsent "VC-0418" 404 "The file has not been provided"
        fault OtherParticipant
        hint "`veracruz status` shows what is missing"
        more "The policy has the file, but nobody has uploaded it yet, or it was erased."
    RangeUnsatisfiable "VC-0419" 416 "The range lies outside the file"
        fault You
        hint "`HEAD` gives the length"
        more "The first byte that was asked for lies at or after the end."
    InputsFixed "VC-0420" 409 "Inputs do not change between runs"
        fault You
        hint "withdraw to take your inputs back; to compute on others, start a new isolate"
        more "After the first run, inputs and programs stay as they are for the runs that are left. Varying one input would let its provider compute the difference that it makes."
    StorageFull "VC-0421" 507 "The isolate has no room for the file"
        fault Host
        hint "start an isolate with more memory"
        more "The isolate could not get memory for a size that the policy allows."
    UploadErased "VC-0422" 409 "The upload was erased while it was under way"
        fault OtherParticipant
        hint "look at the status; where inputs are still wanted, upload again from 0"
        more "A withdrawal, a replaced or deleted file or program, the start of a run or the end of the computation erased this unfinished upload."

    ProgramRefused "VC-0501" 422 "The program cannot be run here"
        fault Program
        hint "`veracruz check PROGRAM` says why"
        more "The file is not a valid WebAssembly program, or it asks for imports or features that this isolate does not have."
    NotRunner "VC-0502" 403 "You may not start runs"
        fault You
        hint "ask a participant named in `run_by`"
        more "The policy names in `approval.run_by` who may start a run."
    IfMatchRequired "VC-0503" 428 "The request does not say which state it means"
        fault You
        hint "send `If-Match` with the `ETag` of `GET /v1/status`"
        more "A run is started on a state that its starter has seen. So the request names that state; `*`, weak tags and lists are refused."
    StateChanged "VC-0504" 412 "The state is not the one you saw"
        fault Nobody
        hint "look at the status again, and decide again"
        more "Approvals or files changed between the status that was seen and this request."
    RunNotReady "VC-0505" 409 "Something is missing"
        fault OtherParticipant
        hint "`veracruz status` lists it"
        more "A run starts when all required participants have approved, all inputs are there and all programs are compiled."
    RunsExhausted "VC-0506" 409 "There are no runs left"
        fault Nobody
        hint "agree on a new policy, or start a new isolate if your agreement allows it"
        more "The policy's number of runs has been started at this instance, failed ones included, or a participant withdrew for good."
    RunUnknown "VC-0507" 404 "There was no such run"
        fault You
        hint "`veracruz status` shows the latest"
        more "Runs are numbered from 1."
    RunProgramFailed "VC-0508" 409 "The run failed: the program broke off"
        fault Program
        hint "try the program with `veracruz exec` on data of your own"
        more "The program trapped or ended with an exit code other than 0. The policy names you for that stage, in `trap` or `exit_code`, so you are told."
    RunOutOfTime "VC-0509" 409 "The run failed: out of time"
        fault Program
        hint "raise `time` in the policy, or make the program faster"
        more "A stage was still at work at its deadline and was ended."
    RunOutOfMemory "VC-0510" 409 "The run failed: out of memory"
        fault Program
        hint "raise `memory` in the policy, or make the program smaller"
        more "The program wanted more memory than its stage may have."
    RunOverLimit "VC-0511" 409 "The run failed: a limit was exceeded"
        fault Program
        hint "docs/reference/policy.md lists the limits"
        more "The program exceeded one of the policy's limits other than time and memory. Those whom the stage names in `trap` are told which."
    RunIsolateFailed "VC-0512" 409 "The run failed: the isolate could not carry it out"
        fault Isolate
        hint "start a new isolate; if it happens again, report it"
        more "The cause lies in the isolate or its machine, not in the program. The run counts."
    RunFailed "VC-0513" 409 "The run failed"
        fault Program
        hint "ask those whom the policy's stages name in `exit_code` and `trap`"
        more "Which stage failed, and why, can tell something about the data, so it is an output: it goes to those whom that stage names in `exit_code` and `trap`, and to nobody else."
    AgreementNotReady "VC-0520" 409 "There is no agreement to carry yet"
        fault Nobody
        hint "try again when the run is over"
        more "An isolate of a quorum says what it found when its run has ended."
    AgreementMalformed "VC-0521" 400 "The agreement cannot be read"
        fault You
        hint "carry the bytes of `GET /v1/runs/{n}/agreement` from one isolate to the other as they are"
        more "What isolates of a quorum say to each other is a COSE_Sign1 in its one encoding, of at most 1 KiB."
    AgreementMember "VC-0522" 403 "The agreement is by no other isolate of this quorum"
        fault You
        hint "carry agreements between the isolates that everybody approved"
        more "An isolate believes only those keys that everyone who must approve has signed as the isolates of the quorum, and not its own."
    AgreementSignature "VC-0523" 403 "The agreement's signature is wrong"
        fault You
        hint "carry it again, as it was fetched"
        more "The signature does not verify under the key of the isolate that is named. Whoever carried it changed it."
    RunDisagreed "VC-0524" 409 "The isolates of the quorum do not agree"
        fault Nobody
        hint "run the programs where you can compare their outputs; a policy with `nan` set to canonical removes one cause"
        more "One isolate at least found other outputs than another, or failed. Nothing was released, and nothing will be. The cause can be a broken isolate, inputs or shares of randomness that were not the same at all of them, a limit that one of them met, or a program whose result depends on the processor. Which output differs is told to nobody: that would say something about it."
    AgreementRun "VC-0525" 409 "The agreement is about another run"
        fault You
        hint "carry the agreement of the same run"
        more "An agreement names its policy, its run and the isolates of its quorum, and counts for these alone."
    AgreementRepeated "VC-0526" 409 "This isolate has said something else before"
        fault Nobody
        hint "ask whoever runs that isolate: an honest one speaks once"
        more "What an isolate of a quorum said first stands. Another word of it about the same run is refused."
    QuorumNone "VC-0527" 409 "The policy has no quorum"
        fault You
        hint "there is nothing to carry: one isolate decides"
        more "Agreements are between the isolates of a quorum, which this policy does not demand."

    ReceiptNotReady "VC-0601" 409 "There is no receipt yet"
        fault Nobody
        hint "wait until the run is over"
        more "A receipt is made when a run ends, failed ones included, and signed with evidence over it."
    ReceiptUnavailable "VC-0602" 503 "The receipt could not be made"
        fault Isolate
        hint "without a receipt this run cannot be shown to others"
        more "The isolate could not get evidence over the receipt. A receipt without it proves nothing and is not given."
    ReceiptRefused "VC-0603" 0 "The receipt does not hold"
        fault OtherParticipant
        hint "do not rely on it"
        more "Signature, evidence, policy or outputs do not fit the receipt."
    ReceiptMalformed "VC-0610" 0 "This is not a receipt"
        fault OtherParticipant
        hint "fetch it again from the isolate"
        more "A receipt is read strictly, in one encoding, as docs/reference/receipt.md describes it."
    ReceiptVersion "VC-0611" 0 "The receipt is of another version"
        fault You
        hint "use a newer version of veracruz"
        more "The receipt's format is newer than this program."
    ReceiptInstance "VC-0612" 0 "The receipt names another isolate than its key"
        fault OtherParticipant
        hint "believe nothing in it"
        more "An instance is the digest of its key. The key in the receipt and the instance that it names do not belong together."
    ReceiptSignature "VC-0613" 0 "The receipt's signature is wrong"
        fault OtherParticipant
        hint "believe nothing in it"
        more "The key in the receipt did not sign what it says."
    ReceiptPolicy "VC-0614" 0 "The receipt is for another policy"
        fault You
        hint "give the policy of the computation that this receipt is for"
        more "A receipt names the policy of its run by its hash."
    ReceiptEvidence "VC-0615" 0 "The receipt's evidence is not good"
        fault OtherParticipant
        hint "believe nothing in it"
        more "Without good evidence over this very receipt, its key could be anybody's. A receipt without evidence is refused."
    ReceiptMeasurement "VC-0616" 0 "Receipt and evidence name different runtimes"
        fault Isolate
        hint "believe nothing in it"
        more "What the isolate says about itself and what its attester says must agree."
    ReceiptRun "VC-0617" 0 "The receipt is for a run that the policy does not allow"
        fault Isolate
        hint "believe nothing in it"
        more "Runs are numbered from 1 up to the policy's number of runs."
    ReceiptApprovals "VC-0618" 0 "The receipt lacks a required approval"
        fault Isolate
        hint "believe nothing in it"
        more "Everyone whom the policy requires must have approved, and nobody else can have."
    ReceiptFiles "VC-0619" 0 "The receipt names other files than the policy"
        fault Isolate
        hint "believe nothing in it"
        more "Programs and inputs are exactly the policy's. Outputs are among the policy's, and there are none unless the run finished."
    ReceiptProgram "VC-0620" 0 "The receipt names another program than the policy pins"
        fault Isolate
        hint "believe nothing in it"
        more "Each program's digest must be one that the policy allows."
    ReceiptOpening "VC-0621" 0 "The file is not the one of this run"
        fault You
        hint "take file and salt as they were uploaded or downloaded for this very run"
        more "File and salt do not open the receipt's commitment: it is another file, another run's, or the salt is wrong."
    ReceiptQuorum "VC-0640" 0 "The receipts are not of the quorum that the policy demands"
        fault OtherParticipant
        hint "take the receipts of all isolates of one run, as `veracruz receipt fetch` does"
        more "A combined receipt has the receipt of one isolate of each kind of the policy's quorum, in the policy's order. The kind of each is what its evidence proves."
    ReceiptQuorumDiffers "VC-0641" 0 "The receipts of a quorum contradict each other"
        fault OtherParticipant
        hint "take the receipts of one run; if they are, believe none of its outputs"
        more "Isolates of one quorum have the same programs, inputs, outputs and randomness, and their receipts say so in the same words. These do not."

    ComputationUnknown "VC-0701" 404 "The host has no such computation"
        fault Host
        hint "start it with `veracruz launch POLICY`"
        more "No isolate of this host runs the policy."
    IsolateLost "VC-0702" 410 "The isolate is gone"
        fault Host
        hint "look at your ledger before you provision another one: runs are counted by each isolate alone"
        more "The isolate ended without being asked to. What it held is gone. Whoever starts another one with the same policy gets its runs anew."
    Unauthorized "VC-0703" 401 "The management API needs a token"
        fault You
        hint "send `Authorization: Bearer TOKEN`"
        more "Starting, listing and stopping computations needs the host's token."
    AdmissionLimit "VC-0704" 503 "The host takes no more computations"
        fault Host
        hint "stop one, or raise the host's limits"
        more "The host's limits on isolates or memory are reached."
    LaunchFailed "VC-0705" 502 "The isolate did not start"
        fault Isolate
        hint "the host's log names the class of the failure"
        more "The isolate refused the policy or ended before it was ready. The host learns the class of the reason and no more."
    AlreadyLaunched "VC-0706" 409 "The policy has an isolate here"
        fault You
        hint "use it, or stop it first"
        more "This host runs one isolate for a policy at a time."
    IsolateKind "VC-0707" 422 "The host has none of the isolates that the policy accepts"
        fault Host
        hint "use another host, or agree on a policy that accepts this kind"
        more "A policy lists the kinds of isolates that its participants accept. The host offers none of them."

    AdmissionMemory "VC-0708" 503 "The host has no memory for another isolate"
        fault Host
        hint "stop a computation, or raise the host's `--memory`, or lower its `--isolate-memory`"
        more "Every isolate may use as much memory as the host's limit for one allows, and together they must not be promised more than the host has for all."
    LaunchSlow "VC-0709" 504 "The isolate did not start in time"
        fault Host
        hint "try again; if it happens again, the host's machine is too busy, or its attester hangs"
        more "The isolate, or whoever starts it, did not answer in time. What had been started was ended."

    ConnectionLost "VC-0801" 0 "The connection broke"
        fault Network
        hint "try again; an upload goes on where it stopped"
        more "A broken connection is never taken up silently: a new one is attested anew."
    HostUnreachable "VC-0802" 0 "The host does not answer"
        fault Network
        hint "check address and port"
        more "No connection to the host could be made."
    SecondInstance "VC-0803" 0 "You have provisioned another isolate of this policy before"
        fault Host
        hint "`veracruz ledger show` says what the earlier one got; pass `--again` if you accept that runs count anew"
        more "The ledger beside your identity names another instance for this policy. Runs and budgets are counted by each isolate alone, and no isolate knows of another one: whoever runs the host can end an isolate and start the policy again, and each time a computation on your data would give a result more than you agreed to, with other inputs of the others if they give such. There are good reasons for a second isolate as well, a machine that was restarted above all. Ask the other participants whether the first one is gone, and what it gave out, before you say `--again`."
    UnprotectedIsolate "VC-0804" 0 "This kind of isolate does not protect from the host"
        fault PolicyAuthor
        hint "pass `--accept-unprotected` if you trust whoever runs the host"
        more "Processes, plain micro-VMs and everything emulated can be read and changed by the host."
    IdentityUnusable "VC-0805" 0 "The identity cannot be used"
        fault You
        hint "`veracruz identity new` makes one; its key file must be readable by you alone"
        more "The identity's files are missing, damaged, or readable by others."
    DownloadDiffers "VC-0806" 0 "What was downloaded is not what was announced"
        fault Isolate
        hint "fetch it again"
        more "The digest of the bytes that arrived differs from the one that the isolate gave. The file was not put in place."
    ReplyMalformed "VC-0807" 0 "The answer cannot be understood"
        fault Veracruz
        hint "check that both ends have the same version"
        more "The other end sent an answer that the protocol does not have."
    UsageWrong "VC-0808" 0 "The command cannot be understood"
        fault You
        hint "`veracruz help`"
        more "An argument is missing, unknown or contradicts another."
    FileUnreadable "VC-0809" 0 "A file of yours cannot be used"
        fault You
        hint "check that it exists and that you may read or write it"
        more "A file on this machine could not be opened, read or written."
    LedgerUnusable "VC-0810" 0 "The ledger cannot be used"
        fault You
        hint "repair it or bring back a copy of it; without it a second isolate goes unnoticed"
        more "The ledger beside your identity says to which isolates you have entrusted something. It is damaged, readable by others, or cannot be written. Nothing is entrusted to an isolate that cannot be noted there first."
    DestinationExists "VC-0811" 0 "A file is there already"
        fault You
        hint "name another one; where the command has `--force`, that replaces it"
        more "Keys and receipts are never overwritten, downloads only when asked to."
    StillRunning "VC-0812" 0 "The run is not over yet"
        fault Nobody
        hint "ask again later: `veracruz status`"
        more "You stopped waiting; the run goes on. The policy's limits end it at the latest."
    FileChanged "VC-0813" 0 "The file changed while it was uploaded"
        fault You
        hint "upload it again when nobody writes to it"
        more "A file's digest is announced before its contents are sent. This one was written to or replaced in between, so the upload was broken off. Nothing was committed."
    OtherInstance "VC-0814" 0 "Another isolate answered"
        fault Host
        hint "the isolate you asked for may be gone: look at the host's state and at your ledger"
        more "You asked for one isolate by its name, and the key at the other end is another one's. The host may have started the policy again, in which case the earlier isolate and what it held are gone, or it led you astray. Nothing was sent."
    CollateralUnusable "VC-0815" 0 "The store of collateral cannot be used"
        fault You
        hint "add certificates, revocation lists, TCB info or keys as the vendor publishes them; remove what was changed"
        more "Collateral is kept in a folder, each file under the SHA-256 of its contents. A file is none of the kinds that evidence is judged with, or it is not what its name says, or the digits that you gave name no file or several. See the page on attestation for where each vendor publishes what."
    ReferenceUnusable "VC-0816" 0 "The reference values cannot be used"
        fault You
        hint "give a policy, its `isolates` or the object of one kind as JSON, or CoRIM files of a known profile"
        more "Evidence in a file is compared with reference values: a policy, its `isolates` object, one kind's object, or CoRIM files that together name measurements and, where the vendor has no root, keys. This file is none of these, or does not name enough."
    ImageUnusable "VC-0817" 0 "An image of an isolate cannot be made, opened or measured"
        fault You
        hint "make it anew with `cargo xtask image`"
        more "An image is a folder whose files have the digests that stand in its `image.json`. A file was changed, is not what it is taken for, or something that a measurement depends on is not known here. Nothing of it is used."
    HardwareMissing "VC-0818" 0 "This machine lacks what isolates of this kind need"
        fault Host
        hint "docs/reference/confidential-vm.md says what each kind needs"
        more "Hardware, a kernel that uses it and a QEMU that knows of it all have to be there, for the user that starts isolates. Everything that is missing is named at once, with what to do about it."
    SystemUnsupported "VC-0830" 0 "This command runs on Linux only"
        fault You
        hint "run it on a machine with Linux; what a participant does works here"
        more "Isolates are started, and programs confined, by means that only Linux has: namespaces, seccomp, Landlock, KVM and vsock. On other systems the command line is that of a participant: policies, approvals, files, results, receipts."
    VersionsDiffer "VC-0831" 0 "Client and runtime share no version of the protocol"
        fault You
        hint "update the older one: the client from its maker, or the runtime by another policy that names a newer one"
        more "The runtime in the isolate says with every answer which versions of the protocol it speaks, and this client speaks none of them. Nothing was sent that the runtime could misunderstand. A runtime of another version has another measurement, so a newer one needs a policy that names it."
    ApprovalFileUnusable "VC-0840" 0 "A file is no approval"
        fault You
        hint "give files that `veracruz policy approve` or `veracruz policy approvals --bundle` wrote, of this policy"
        more "An approval in a file is a JWS in compact form on one line, or one of several in a bundle: a JSON document with the policy and a list of approvals. This file is neither, or it is a bundle of another policy than your own copy."
    LedgerVersion "VC-0841" 0 "The ledger is of another version"
        fault You
        hint "use the newer version of this program, which wrote it; nothing was changed"
        more "A ledger says by which version it was written. A newer one may hold what this program does not understand and would lose, so it is neither read nor written."
    QuorumIncomplete "VC-0850" 0 "All isolates of the quorum are needed"
        fault You
        hint "give one `--host` for each kind in the policy's `quorum`"
        more "A policy with a quorum runs in one isolate of each of its kinds. A client attests all of them before it entrusts anything to one: what one of them holds is as confidential as the weakest."
    QuorumUnsigned "VC-0851" 0 "Others signed another quorum"
        fault Nobody
        hint "find out with them which host gave you another isolate than them"
        more "Everyone who must approve signs the isolates of the quorum. Somebody's signature names others than those that your client found, so you are not at the same isolates, or a host lies."
    QuorumOutputs "VC-0852" 0 "The isolates of the quorum do not show the same output"
        fault Host
        hint "believe none of them"
        more "Each isolate of a quorum gives the digest of an output that it released. They differ, so one of them at least is broken, whatever it says about having agreed."
    IdentityExposed "VC-0860" 0 "Others can read your identity"
        fault You
        hint "`chmod 600` the file, and think about who may have read it: whoever did can be you"
        more "An identity's file holds a private key. Its mode lets other users of this machine read or change it, so it is not used until its mode is 0600. If somebody may have read it, make a new identity and have the policy name that."
    PassphraseNeeded "VC-0861" 0 "The identity opens with a passphrase"
        fault You
        hint "run it on a terminal, or name a file with the passphrase: `--passphrase-file`, or VERACRUZ_PASSPHRASE_FILE"
        more "The private key in this file is encrypted. On a terminal you are asked for the passphrase; elsewhere it is read from the first line of a private file or of a pipe. It is never taken from the environment or the command line, which other processes can see."
    PassphraseWrong "VC-0862" 0 "The passphrase does not open the identity"
        fault You
        hint "try again; nobody can open it without the passphrase, and a lost one means a new identity"
        more "The private key in this file is encrypted under another passphrase, or its encrypted key was changed. Which of the two cannot be told."
    PassphraseUnusable "VC-0863" 0 "The passphrase cannot be used"
        fault You
        hint "a passphrase is one line of text, in a file that only you can read (`chmod 600`)"
        more "A passphrase has from 1 to 1,024 bytes of UTF-8 and is the first line of its file or pipe. A file that others can read is refused; a pipe is not looked at."
    ConfigurationWrong "VC-0864" 0 "The configuration cannot be used"
        fault You
        hint "`veracruz config show` says what is set and where; docs/reference/configuration.md lists all settings"
        more "The configuration is read strictly: a key that there is not, a value of another kind, or a file that others may change is an error, since what it says was meant to hold."
    NoRoom "VC-0865" 0 "There is no room to write"
        fault You
        hint "make room and try again; what was there before is still there, and nothing is half-written"
        more "A disk or a quota is full, or what the output goes to takes no more. Files are written beside their place first and put there whole. What has arrived of a download stays beside its destination, in a file that ends in `.part`: the same command goes on with it, once there is room. What goes through standard input or output is kept where temporary files are: set TMPDIR to a folder with room for all of it."
    ServiceFailed "VC-0866" 0 "A service of this machine did not start, or does not answer"
        fault You
        hint "see what it said; a host needs an attester that runs, at the socket that both are given"
        more "Attester, host, verifier and the processes of a command run on this machine. One of them could not be started, ended, or is not where it should be. The message says which."
    ProxyAddress "VC-0870" 0 "A proxy cannot be used as it is named"
        fault You
        hint "write `http://[name:password@]host:port`, or `none` to dial directly"
        more "The proxy comes from `--proxy`, or from HTTPS_PROXY or ALL_PROXY in the environment. Only HTTP proxies that lead on by CONNECT are supported: not those spoken to by TLS, since this client has no store of public certificate authorities, and not SOCKS. Special characters in a name or password are percent-encoded. NO_PROXY lists the hosts that are dialled directly."
    ProxyUnreachable "VC-0871" 0 "The proxy does not answer"
        fault Network
        hint "check the proxy's name and port, or pass `--proxy none` to dial directly"
        more "Nobody listens at the proxy's address, or it closed the connection before it had answered. Nothing was sent but the address of the host."
    ProxyAuthentication "VC-0872" 0 "The proxy wants a name and a password"
        fault You
        hint "put them into HTTPS_PROXY as `http://name:password@host:port`, or ask who runs the proxy"
        more "The proxy answered 407: it was given no name and password, or does not accept them. They are sent to the proxy unencrypted (Basic, RFC 7617), as everything before TLS is. Other schemes are not supported."
    ProxyRefused "VC-0873" 0 "The proxy does not lead to this host"
        fault Network
        hint "ask who runs the proxy to allow CONNECT to the host's port"
        more "Many proxies allow CONNECT to port 443 alone: a host can listen there. With the statuses 502, 503 and 504 the proxy could not reach the host itself."
    ProxyGarbage "VC-0874" 0 "What answers is no HTTP proxy"
        fault You
        hint "check the proxy's name and port"
        more "The answer to CONNECT is no HTTP/1.1, is larger than 16 KiB, or something came after the proxy's consent although the isolate does not speak first."
    AssignmentWrong "VC-0875" 0 "What goes where cannot be made out"
        fault You
        hint "write PATH=FILE, FOLDER/=FOLDER/ or a pattern with as many `*` on both sides"
        more "An upload or a download names files of the policy and local files: one each (`/input/a.csv=a.csv`), folders (`/input/=data/`), or patterns (`/input/*.csv=data/*.csv`) in which each `*` stands for the same text on both sides and never for a slash. `-` is the standard input or output. `--dry-run` shows what it means. Nothing was sent."
    PathLeadsOut "VC-0876" 0 "A path leads out of its folder"
        fault You
        hint "name a folder without symbolic links in it, or name the file itself"
        more "Files of a folder are given and taken below that folder alone. A symbolic link in it leads elsewhere, or a name of the policy would. Nothing was sent or written."

    UnknownRoute "VC-0901" 404 "There is no such route"
        fault You
        hint "docs/reference/api.md lists them"
        more "The path is not one of the participant API's."
    MethodNotAllowed "VC-0902" 405 "The route does not have this method"
        fault You
        hint "`Allow` lists the methods"
        more "The path exists, with other methods."
    MediaTypeUnsupported "VC-0903" 415 "The body has another media type than expected"
        fault You
        hint "send the expected `Content-Type`"
        more "A body is read only as what its route expects."
    BodyMalformed "VC-0904" 400 "The body cannot be read"
        fault You
        hint "send JSON as docs/reference/openapi.json describes it"
        more "JSON is read strictly: unknown and duplicate members are refused."
    BodyTooLarge "VC-0905" 413 "The body is too large"
        fault You
        hint "see the limits in docs/reference/api.md"
        more "Requests other than uploads are small."
    HeaderMalformed "VC-0906" 400 "A header cannot be read"
        fault You
        hint "write it as docs/reference/api.md says"
        more "A header that carries meaning is malformed or comes twice."
    Internal "VC-0907" 500 "The isolate failed at this request"
        fault Veracruz
        hint "try again; if it happens again, report it"
        more "This is a fault of Veracruz. The request changed nothing that is shown as changed in the status."
    Closed "VC-0908" 410 "The computation is closed"
        fault Nobody
        hint "start a new isolate"
        more "The computation is over and everything in it is erased."
    TooManyRequests "VC-0909" 503 "The isolate has too much to do"
        fault Isolate
        hint "try again later"
        more "Connections and requests that are under way are bounded."
    VersionUnsupported "VC-0930" 404 "The isolate does not speak this version of the protocol"
        fault You
        hint "the end with the lower number is older: update the client, or have the host start a newer runtime"
        more "Each path of the participant API begins with the version of the protocol that the client speaks. The isolate's runtime speaks others, which it names with every answer. A runtime of another version has another measurement, so the policy has to name that."
}

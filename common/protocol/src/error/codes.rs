//! The one table of error codes. A code is never given a second meaning.
//!
//! It is long because it is a table; splitting it would only hide a gap.

use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $code:literal $status:literal $title:literal
        hint $hint:literal
        more $more:literal)*) => {
        /// A stable code for everything that a participant or an operator can meet.
        ///
        /// The hundreds say where: 01 policy, 02 session and attestation, 03 approval, 04 files,
        /// 05 programs and runs, 06 receipt, 07 host, 08 client and command line, 09 requests
        /// and the inside.
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

            /// What to do next, in one line.
            #[must_use]
            pub const fn hint(self) -> &'static str {
                match self { $(Self::$name => $hint,)* }
            }

            /// The explanation at length, for `veracruz explain`.
            #[must_use]
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$name => $more,)* }
            }
        }
    };
}

codes! {
    PolicyRefused "VC-0100" 422 "The policy is not valid"
        hint "run `veracruz policy check FILE`: it names every fault by line and column"
        more "A policy is read strictly: unknown fields, duplicate keys and anything that this version does not support are errors. Faults in a policy have codes of their own, VC-0101 and up; this one stands for all of them where a host or an isolate refuses a policy."

    AuthorityUnknown "VC-0201" 421 "This connection belongs to another computation"
        hint "connect to `<policy hash>.veracruz.internal` and send that name in `Host`"
        more "The name in the TLS handshake and the `Host` of a request must be the computation's own: the policy hash, or instance and policy hash, under veracruz.internal. Anything else means that a host or a proxy mixed up connections."
    AttestationRequired "VC-0202" 428 "No evidence was asked for on this connection"
        hint "send `POST /v1/attestation` first and appraise the answer"
        more "Nothing but the policy, the status and evidence is served on a connection before its client asked for evidence there. This finds clients that forgot to attest; what protects is that the client appraises the evidence before it sends anything secret, on the same connection."
    NonceMalformed "VC-0203" 400 "The nonce is not 32 bytes"
        hint "send 32 fresh random bytes in base64url without padding (43 characters)"
        more "Evidence is bound to a nonce of exactly 32 bytes that the client has just drawn. A shorter one could be guessed, a used one replayed."
    EvidenceUnavailable "VC-0204" 503 "The isolate could not get evidence"
        hint "try again; if it stays, start a new isolate"
        more "The platform or the attester did not give evidence. Nothing was sent that it should have protected."
    EvidenceRefused "VC-0205" 0 "The evidence is not good"
        hint "do not use this isolate; ask the host which runtime and attester it uses"
        more "The client appraised the isolate's evidence against its own copy of the policy and refused it: another runtime, another policy, an attester that the policy does not name, or evidence that was made for another connection. Nothing secret was sent."
    PeerUnknown "VC-0206" 403 "The key of this connection is not a participant's"
        hint "connect with the identity whose certificate stands in the policy"
        more "A participant is its public key. The isolate refuses every other key, in the handshake where it can; a client sees that as a closed connection at its first read."
    PolicyDiffers "VC-0207" 0 "The isolate has another policy than you"
        hint "compare the two with `veracruz policy diff`, and agree on one"
        more "The isolate's policy has another hash than your copy. What an isolate says is never a reason to trust it, so nothing was sent."
    CredentialRefused "VC-0208" 422 "The isolate's TPM did not open the credential"
        hint "send nothing; ask the host to start the isolate on a machine whose TPM the policy names"
        more "The policy trusts a TPM by the root of its endorsement key. The client encrypted a secret to that key, for the attestation key that signed the evidence, and only the TPM that holds both gives it out. The isolate's TPM did not, or the isolate has none."
    EvidenceMalformed "VC-0210" 0 "The evidence cannot be read"
        hint "send nothing; the evidence was damaged or forged on its way"
        more "Envelope and token are read strictly, in one encoding each, as docs/reference/evidence.md describes them."
    EvidenceTechnology "VC-0211" 0 "The evidence is of a kind that the policy does not accept"
        hint "send nothing; ask the host to start an isolate of a kind that the policy names"
        more "The policy lists the kinds of isolates that all parties accepted. The host started another one."
    EvidenceAttester "VC-0212" 0 "The evidence is by an attester that the policy does not name"
        hint "send nothing; if this attester should be trusted, agree on a policy that names its key"
        more "Anybody can make a key and sign evidence with it. The policy names the keys that count, and what evidence says about its own key is no reason to believe it."
    EvidenceSignature "VC-0213" 0 "The evidence's signature is wrong"
        hint "send nothing; the evidence was damaged or forged on its way"
        more "The attester that the evidence names did not sign it."
    EvidenceLifecycle "VC-0214" 0 "The evidence claims a protection that its kind does not have"
        hint "send nothing; the attester is not what it says"
        more "Software that vouches for software never has the lifecycle state of secured hardware."
    EvidenceBinding "VC-0215" 0 "The evidence was made for something else"
        hint "send nothing; connect again, and if it stays like this, someone is in between"
        more "Evidence is bound to the policy, both keys, this very connection and your nonce. This one was made for another connection, nonce, policy or purpose: relayed or replayed."
    EvidenceMeasurement "VC-0216" 0 "The isolate runs another runtime than the policy accepts"
        hint "send nothing; if this runtime should be used, agree on a policy that names it"
        more "The policy lists the digests of the runtimes that all parties accepted. The isolate was started from another one."
    EvidenceLaunchPolicy "VC-0217" 0 "The isolate was started with another policy"
        hint "send nothing; compare your copy of the policy with the other parties'"
        more "The policy with which the attester started the isolate is not the one that you have."

    EvidenceChain "VC-0218" 0 "The evidence's certificates do not lead to the vendor's root"
        hint "send nothing; the evidence was forged, or its collateral is of another platform"
        more "The roots of vendors are pinned by digest in this program, and no chain brings its own. A chain that ends elsewhere, lacks a certificate or has one that may not issue others proves nothing."
    EvidenceDates "VC-0219" 0 "Evidence or collateral is not valid at this time"
        hint "check this machine's clock, and add fresh collateral with `veracruz collateral add`"
        more "Certificates, revocation lists and TCB information have dates, and they are judged at your clock's time. Vendors publish new ones every month."
    EvidenceRevoked "VC-0220" 0 "The vendor revoked the platform's certificate"
        hint "send nothing; the vendor says that this platform is broken"
        more "A revoked certificate means that a key got out or that a chip was returned. Evidence under it can be made by others."
    CollateralMissing "VC-0221" 0 "Collateral is missing or does not fit"
        hint "add what the vendor publishes for this platform with `veracruz collateral add`"
        more "Evidence of hardware is judged with certificates, revocation lists and TCB information from its vendor. Nothing is fetched on its own: that would tell others what you do, and hide from you what was believed."
    EvidenceDebug "VC-0222" 0 "The isolate is open to debugging or migration"
        hint "send nothing; ask the host to start the isolate without debugging and migration"
        more "The hardware says that the host may look into this isolate, or move it to a machine that nobody attested. It protects nothing."
    EvidenceTcb "VC-0223" 0 "The platform's firmware is older than the policy accepts"
        hint "ask the host to update its firmware, or agree on a policy that names the exception"
        more "Vendors publish which patch levels have known holes. A level below 'up to date' is accepted only where the policy names it, so that all parties know; the certificate of a platform's key must be of the level that its evidence says."
    EvidenceChip "VC-0224" 0 "The chip is none that the policy names"
        hint "send nothing; if this machine should be trusted, agree on a policy that names it"
        more "The policy lists the machines that the parties accept, by the ids of their chips. One broken chip would stand for all otherwise."
    EvidenceEventLog "VC-0225" 0 "The event log does not fit the evidence"
        hint "send nothing; the evidence was damaged or forged on its way"
        more "Replaying the log of what was started must lead to the registers that the hardware signed. Here it does not: an event is missing, was added or was changed."
    EvidenceNotCompared "VC-0226" 0 "The evidence was compared with nothing"
        hint "give reference values, or a policy that names some"
        more "Genuine hardware runs anything. Without reference values, evidence says that it is genuine and not what it is of."
    EvidenceActivation "VC-0227" 0 "Nothing shows that the key of the evidence is in that TPM"
        hint "attest the isolate on a connection; or agree on a policy that names `aks` or `ak_roots`"
        more "The policy trusts a TPM by the root of its endorsement key, with which no evidence is signed. That the key which signed is in the same TPM is shown by a question to that TPM, while one is connected: neither a file, nor a receipt judged later, nor a verifier's challenge shows it."
    EvidenceCredential "VC-0228" 0 "The isolate does not know the secret of the credential"
        hint "send nothing; the evidence is by a key outside the TPM that it names, or someone is in between"
        more "The client's secret was encrypted so that the TPM with the certified endorsement key gives it out only if it holds the key that signed the evidence as well. The answer was made without that secret, or for another connection."

    VerifierSession "VC-0251" 404 "The verifier has no such session"
        hint "open a new session: each is answered once, within a minute"
        more "A verifier's challenge is used once, whatever came of it, and is forgotten after a minute and at a restart. This one was answered, has expired, or was never given out."
    VerifierRefused "VC-0252" 403 "The verifier found the evidence not good"
        hint "read the detail: it says what was expected and what was found"
        more "The verifier appraised the evidence and signed nothing. Evidence with a policy is held against that policy alone; evidence without one against the policies that the verifier's administrator stored."
    VerifierNotNamed "VC-0253" 403 "The policy does not name this verifier"
        hint "the policy's `verifiers` must have this verifier's name, its `ca` and its `ear_key`"
        more "A verifier certifies an isolate only where the parties said beforehand, in their policy, that they would believe it. This policy names other verifiers, or this one with other keys."
    VerifierAttester "VC-0254" 403 "The verifier does not know who vouches for the isolate"
        hint "the verifier's administrator enrols an attester's key: `veracruz verifier enroll`"
        more "Where no vendor stands behind a piece of evidence, the key that signed it must be named in the policy and enrolled at the verifier. This one was never enrolled there, or was revoked."
    CertificateRequest "VC-0255" 400 "The certificate request is not good"
        hint "request a certificate for a P-256 key, without names and attributes, signed by that key"
        more "Of a request the verifier takes the key and the proof that its owner made it. Names come from the policy's hash, so a request that asks for names is refused."
    VerifierNonce "VC-0256" 400 "The nonce has another size than this takes"
        hint "open the session with nonceSize=32"
        more "Sessions have nonces of 32 to 64 bytes. Evidence that is bound to a connection or a key takes one of 32."
    VerifierRate "VC-0257" 429 "Too many requests"
        hint "wait as long as `Retry-After` says"
        more "The verifier answers each peer so many requests in a minute, and a tenth of them at once."
    VerifierFull "VC-0258" 503 "The verifier has too much to do"
        hint "wait as long as `Retry-After` says"
        more "As many challenges wait for their evidence as the verifier keeps."
    VerifierFailed "VC-0259" 500 "The verifier failed at this request"
        hint "ask the verifier's operator, whose log says why"
        more "Its database or the cryptographic library failed. Nothing was signed."

    ApprovalMalformed "VC-0301" 400 "The approval cannot be read"
        hint "make it with `veracruz approve`; by hand: a JWS in compact form, as docs/reference/api.md says"
        more "An approval is a JWS in compact form whose protected header has `alg` and `typ` and nothing else, and whose payload is an approval statement without unknown members."
    ApprovalAlgorithm "VC-0302" 400 "The approval is signed with another algorithm"
        hint "sign with ES256"
        more "The algorithm follows from the key that the policy pins, which is on the curve P-256. What a header says can only agree with it."
    ApprovalSignature "VC-0303" 403 "The approval's signature is wrong"
        hint "sign with the key whose certificate stands in the policy"
        more "The signature over the approval does not verify under the key that the policy pins for the participant named in it."
    ApprovalPurpose "VC-0304" 400 "The signed statement is not an approval"
        hint "the purpose must be `veracruz-approval-v1`"
        more "A signature for one purpose never counts for another."
    ApprovalPolicy "VC-0305" 409 "The approval is for another policy"
        hint "approve the policy that this isolate has"
        more "An approval names one policy by its hash and holds for that one alone."
    ApprovalParticipant "VC-0306" 403 "The approval is somebody else's"
        hint "approve in your own name; a participant that withdrew must send its approval itself"
        more "The approval names a participant that the policy does not know, or one that withdrew before: after a withdrawal, only a session of the participant's own can approve again, so that nobody can replay its old signature."
    ApprovalInstance "VC-0307" 409 "The approval is for another isolate"
        hint "approve this instance: `veracruz status` shows its name"
        more "An approval lists the instances for which it holds. This isolate is not among them."
    ApprovalAnyInstance "VC-0308" 400 "An approval for any isolate needs pinned programs"
        hint "name the instances, or pin every program's digest in the policy"
        more "Where the policy does not pin a program, another isolate could be given another program. So an approval must then say at which instances it holds."
    ApprovalPrograms "VC-0309" 409 "The approval does not name the programs that are here"
        hint "look at the programs' digests in the status, and approve those"
        more "For every program that the policy does not pin, an approval gives the digest of the program that is meant, and it must be the one that the isolate holds now. It names no other files."
    ApprovalNotYet "VC-0310" 403 "The approval does not hold yet"
        hint "check the clocks; `nbf` must not lie in the future, nor `exp` before it"
        more "The time before which the approval does not hold (`nbf`), or the time of its signature (`iat`), is later than the isolate's time, or the approval's times contradict each other. The isolate's clock is set by its host and may be wrong."
    ApprovalExpired "VC-0311" 403 "The approval has expired"
        hint "sign a new one"
        more "The isolate's time has reached the approval's `exp`. That time is the later of its own clock and the `iat` of the approvals it accepted."
    ApprovalReplayed "VC-0312" 409 "The approval was used before"
        hint "sign a new one with a new `jti`"
        more "An isolate accepts each identifier of a participant once. After a withdrawal, a replaced program or a run that needs fresh approvals, a new statement has to be signed."
    ApprovalBarred "VC-0313" 409 "This cannot change during a run"
        hint "wait until the run is over"
        more "While a run is at work, approvals and files stay as they are. A withdrawal is the exception: it bars further runs."
    PolicyExpired "VC-0314" 403 "The policy has expired"
        hint "agree on a new policy"
        more "The policy's `expires` has passed by the isolate's time. No approvals, files or runs are accepted after it."
    ApprovalsFull "VC-0315" 409 "Too many approvals"
        hint "start a new isolate"
        more "An isolate remembers the identifier of each approval that it accepted, and keeps room for a fixed number a participant."

    FilePathMalformed "VC-0401" 400 "This is not a canonical path"
        hint "write the path as the policy has it: absolute, without `.`, `..`, empty parts or a trailing slash"
        more "A path has one spelling. Others are refused, not resolved: rights and pins would otherwise depend on the spelling."
    FileUnknown "VC-0402" 404 "The policy has no such file"
        hint "`veracruz status` lists the files"
        more "Only files that stand in the policy exist."
    NotProvider "VC-0403" 403 "Someone else provides this file"
        hint "only the provider named in the policy can upload or delete it"
        more "Each provided file has one provider; outputs and intermediate files have none."
    NotReceiver "VC-0404" 403 "This file is not for you"
        hint "only the receivers named in the policy can fetch it"
        more "Contents go to the receivers that the policy names for the file, to nobody else: not to its provider, not to whoever runs the computation."
    NotReleased "VC-0405" 409 "There is nothing to fetch yet"
        hint "wait until a run has finished: `veracruz status`"
        more "Outputs are released when a run has finished. A failed or withheld run releases none."
    ApprovalFirst "VC-0406" 409 "Approve before you upload"
        hint "`veracruz approve`"
        more "An input is accepted only from a provider that has approved this isolate, or whose approval the policy does not ask for. Programs come first, since approvals may name their digests."
    LengthRequired "VC-0407" 411 "The request does not say how long its body is"
        hint "send `Content-Length`"
        more "Every size is checked against the policy before room is made for it."
    FileTooLarge "VC-0408" 413 "The file is larger than the policy allows"
        hint "compare `max_bytes` in the policy"
        more "The announced length exceeds the file's `max_bytes`."
    RangeMalformed "VC-0409" 400 "The range cannot be read"
        hint "send `Content-Range: bytes FIRST-LAST/LENGTH` with the right `Content-Length`, or `Range: bytes=FIRST-LAST`"
        more "One range of bytes with the file's whole length; no unknown length, no list of ranges."
    UploadOffset "VC-0410" 409 "The upload does not go on where it stopped"
        hint "go on at `Upload-Offset`, or start again at 0"
        more "The isolate holds the bytes up to the offset that it gives in `Upload-Offset`. An upload goes on exactly there, or starts again from 0, which discards them."
    UploadBusy "VC-0411" 409 "A newer connection uploads this file"
        hint "go on there, or begin again"
        more "The newest connection of a file's provider uploads it. This one was taken over; what it sent before is kept."
    PinMismatch "VC-0412" 422 "The contents are not those that the policy pins"
        hint "provide the file whose SHA-256 stands in the policy"
        more "The policy gives the digests that this file may have. It is compared before the upload with the digest that is announced and after it with the digest of what arrived; nothing was committed."
    DigestMismatch "VC-0413" 422 "What arrived is not what was announced"
        hint "upload again from 0"
        more "The SHA-256 of the bytes that arrived differs from `Repr-Digest`. Nothing was committed, and the bytes are gone: there is no telling which of them were wrong."
    DigestMissing "VC-0414" 400 "The upload does not say its digest"
        hint "send `Repr-Digest: sha-256=:BASE64:` over the whole file"
        more "A file is committed only if it is the one that its provider meant. RFC 9530 says how the digest is written; exactly one, of SHA-256."
    SecretMissing "VC-0415" 400 "The upload lacks its salt or its share of randomness"
        hint "send `Veracruz-Salt` and `Veracruz-Share`, each `:BASE64:` of 32 fresh random bytes"
        more "The salt blinds the commitment to the file in the receipt, which could otherwise be guessed from likely contents. The shares of all providers make the seed of the programs' randomness, so that no single party can compute it. Neither may be all zero, and they must differ."
    UploadDiffers "VC-0416" 409 "This is not the upload that was begun"
        hint "repeat length, digest, salt and share as at the beginning, or start again at 0"
        more "An upload goes on with the same announced length, digest, salt and share."
    UploadCut "VC-0417" 400 "The body is not as long as announced"
        hint "ask for the offset with `HEAD` and go on there"
        more "The body ended early or ran over its announced length. Nothing was committed. What came within the announced length is kept, and the upload can go on after it."
    FileAbsent "VC-0418" 404 "The file has not been provided"
        hint "`veracruz status` shows what is missing"
        more "The policy has the file, but nobody has uploaded it yet, or it was erased."
    RangeUnsatisfiable "VC-0419" 416 "The range lies outside the file"
        hint "`HEAD` gives the length"
        more "The first byte that was asked for lies at or after the end."
    InputsFixed "VC-0420" 409 "Inputs do not change between runs"
        hint "withdraw to take your inputs back; to compute on others, start a new isolate"
        more "After the first run, inputs and programs stay as they are for the runs that are left. Varying one input would let its provider compute the difference that it makes."
    StorageFull "VC-0421" 507 "The isolate has no room for the file"
        hint "start an isolate with more memory"
        more "The isolate could not get memory for a size that the policy allows."
    UploadErased "VC-0422" 409 "The upload was erased while it was under way"
        hint "look at the status; where inputs are still wanted, upload again from 0"
        more "A withdrawal, a replaced or deleted file or program, the start of a run or the end of the computation erased this unfinished upload."

    ProgramRefused "VC-0501" 422 "The program cannot be run here"
        hint "`veracruz check PROGRAM` says why"
        more "The file is not a valid WebAssembly program, or it asks for imports or features that this isolate does not have."
    NotRunner "VC-0502" 403 "You may not start runs"
        hint "ask a participant named in `run_by`"
        more "The policy names in `approval.run_by` who may start a run."
    IfMatchRequired "VC-0503" 428 "The request does not say which state it means"
        hint "send `If-Match` with the `ETag` of `GET /v1/status`"
        more "A run is started on a state that its starter has seen. So the request names that state; `*`, weak tags and lists are refused."
    StateChanged "VC-0504" 412 "The state is not the one you saw"
        hint "look at the status again, and decide again"
        more "Approvals or files changed between the status that was seen and this request."
    RunNotReady "VC-0505" 409 "Something is missing"
        hint "`veracruz status` lists it"
        more "A run starts when all required participants have approved, all inputs are there and all programs are compiled."
    RunsExhausted "VC-0506" 409 "There are no runs left"
        hint "agree on a new policy, or start a new isolate if your agreement allows it"
        more "The policy's number of runs has been started at this instance, failed ones included, or a participant withdrew for good."
    RunUnknown "VC-0507" 404 "There was no such run"
        hint "`veracruz status` shows the latest"
        more "Runs are numbered from 1."
    RunProgramFailed "VC-0508" 409 "The run failed: the program broke off"
        hint "try the program with `veracruz exec` on data of your own"
        more "The program trapped or ended with an exit code other than 0. The policy names you for that stage, in `trap` or `exit_code`, so you are told."
    RunOutOfTime "VC-0509" 409 "The run failed: out of time"
        hint "raise `time` in the policy, or make the program faster"
        more "A stage was still at work at its deadline and was ended."
    RunOutOfMemory "VC-0510" 409 "The run failed: out of memory"
        hint "raise `memory` in the policy, or make the program smaller"
        more "The program wanted more memory than its stage may have."
    RunOverLimit "VC-0511" 409 "The run failed: a limit was exceeded"
        hint "docs/reference/policy.md lists the limits"
        more "The program exceeded one of the policy's limits other than time and memory. Those whom the stage names in `trap` are told which."
    RunIsolateFailed "VC-0512" 409 "The run failed: the isolate could not carry it out"
        hint "start a new isolate; if it happens again, report it"
        more "The cause lies in the isolate or its machine, not in the program. The run counts."
    RunFailed "VC-0513" 409 "The run failed"
        hint "ask those whom the policy's stages name in `exit_code` and `trap`"
        more "Which stage failed, and why, can tell something about the data, so it is an output: it goes to those whom that stage names in `exit_code` and `trap`, and to nobody else."

    ReceiptNotReady "VC-0601" 409 "There is no receipt yet"
        hint "wait until the run is over"
        more "A receipt is made when a run ends, failed ones included, and signed with evidence over it."
    ReceiptUnavailable "VC-0602" 503 "The receipt could not be made"
        hint "without a receipt this run cannot be shown to others"
        more "The isolate could not get evidence over the receipt. A receipt without it proves nothing and is not given."
    ReceiptRefused "VC-0603" 0 "The receipt does not hold"
        hint "do not rely on it"
        more "Signature, evidence, policy or outputs do not fit the receipt."
    ReceiptMalformed "VC-0610" 0 "This is not a receipt"
        hint "fetch it again from the isolate"
        more "A receipt is read strictly, in one encoding, as docs/reference/receipt.md describes it."
    ReceiptVersion "VC-0611" 0 "The receipt is of another version"
        hint "use a newer version of veracruz"
        more "The receipt's format is newer than this program."
    ReceiptInstance "VC-0612" 0 "The receipt names another isolate than its key"
        hint "believe nothing in it"
        more "An instance is the digest of its key. The key in the receipt and the instance that it names do not belong together."
    ReceiptSignature "VC-0613" 0 "The receipt's signature is wrong"
        hint "believe nothing in it"
        more "The key in the receipt did not sign what it says."
    ReceiptPolicy "VC-0614" 0 "The receipt is for another policy"
        hint "give the policy of the computation that this receipt is for"
        more "A receipt names the policy of its run by its hash."
    ReceiptEvidence "VC-0615" 0 "The receipt's evidence is not good"
        hint "believe nothing in it"
        more "Without good evidence over this very receipt, its key could be anybody's. A receipt without evidence is refused."
    ReceiptMeasurement "VC-0616" 0 "Receipt and evidence name different runtimes"
        hint "believe nothing in it"
        more "What the isolate says about itself and what its attester says must agree."
    ReceiptRun "VC-0617" 0 "The receipt is for a run that the policy does not allow"
        hint "believe nothing in it"
        more "Runs are numbered from 1 up to the policy's number of runs."
    ReceiptApprovals "VC-0618" 0 "The receipt lacks a required approval"
        hint "believe nothing in it"
        more "Everyone whom the policy requires must have approved, and nobody else can have."
    ReceiptFiles "VC-0619" 0 "The receipt names other files than the policy"
        hint "believe nothing in it"
        more "Programs and inputs are exactly the policy's. Outputs are among the policy's, and there are none unless the run finished."
    ReceiptProgram "VC-0620" 0 "The receipt names another program than the policy pins"
        hint "believe nothing in it"
        more "Each program's digest must be one that the policy allows."
    ReceiptOpening "VC-0621" 0 "The file is not the one of this run"
        hint "take file and salt as they were uploaded or downloaded for this very run"
        more "File and salt do not open the receipt's commitment: it is another file, another run's, or the salt is wrong."

    ComputationUnknown "VC-0701" 404 "The host has no such computation"
        hint "start it with `veracruz launch POLICY`"
        more "No isolate of this host runs the policy."
    IsolateLost "VC-0702" 410 "The isolate is gone"
        hint "look at your ledger before you provision another one: runs are counted by each isolate alone"
        more "The isolate ended without being asked to. What it held is gone. Whoever starts another one with the same policy gets its runs anew."
    Unauthorized "VC-0703" 401 "The management API needs a token"
        hint "send `Authorization: Bearer TOKEN`"
        more "Starting, listing and stopping computations needs the host's token."
    AdmissionLimit "VC-0704" 503 "The host takes no more computations"
        hint "stop one, or raise the host's limits"
        more "The host's limits on isolates or memory are reached."
    LaunchFailed "VC-0705" 502 "The isolate did not start"
        hint "the host's log names the class of the failure"
        more "The isolate refused the policy or ended before it was ready. The host learns the class of the reason and no more."
    AlreadyLaunched "VC-0706" 409 "The policy has an isolate here"
        hint "use it, or stop it first"
        more "This host runs one isolate for a policy at a time."
    IsolateKind "VC-0707" 422 "The host has none of the isolates that the policy accepts"
        hint "use another host, or agree on a policy that accepts this kind"
        more "A policy lists the kinds of isolates that its participants accept. The host offers none of them."

    AdmissionMemory "VC-0708" 503 "The host has no memory for another isolate"
        hint "stop a computation, or raise the host's `--memory`, or lower its `--isolate-memory`"
        more "Every isolate may use as much memory as the host's limit for one allows, and together they must not be promised more than the host has for all."
    LaunchSlow "VC-0709" 504 "The isolate did not start in time"
        hint "try again; if it happens again, the host's machine is too busy, or its attester hangs"
        more "The isolate, or whoever starts it, did not answer in time. What had been started was ended."

    ConnectionLost "VC-0801" 0 "The connection broke"
        hint "try again; an upload goes on where it stopped"
        more "A broken connection is never taken up silently: a new one is attested anew."
    HostUnreachable "VC-0802" 0 "The host does not answer"
        hint "check address and port"
        more "No connection to the host could be made."
    SecondInstance "VC-0803" 0 "You have provisioned another isolate of this policy before"
        hint "pass `--again` if you accept that the policy's runs count anew"
        more "The ledger beside your identity names another instance for this policy. No isolate knows of another one, so a host that starts isolates again could run a computation more often than agreed."
    UnprotectedIsolate "VC-0804" 0 "This kind of isolate does not protect from the host"
        hint "pass `--accept-unprotected` if you trust whoever runs the host"
        more "Processes, plain micro-VMs and everything emulated can be read and changed by the host."
    IdentityUnusable "VC-0805" 0 "The identity cannot be used"
        hint "`veracruz identity new` makes one; its key file must be readable by you alone"
        more "The identity's files are missing, damaged, or readable by others."
    DownloadDiffers "VC-0806" 0 "What was downloaded is not what was announced"
        hint "fetch it again"
        more "The digest of the bytes that arrived differs from the one that the isolate gave. The file was not put in place."
    ReplyMalformed "VC-0807" 0 "The answer cannot be understood"
        hint "check that both ends have the same version"
        more "The other end sent an answer that the protocol does not have."
    UsageWrong "VC-0808" 0 "The command cannot be understood"
        hint "`veracruz help`"
        more "An argument is missing, unknown or contradicts another."
    FileUnreadable "VC-0809" 0 "A file of yours cannot be used"
        hint "check that it exists and that you may read or write it"
        more "A file on this machine could not be opened, read or written."
    ImageUnusable "VC-0817" 0 "An image of an isolate cannot be made, opened or measured"
        hint "make it anew with `cargo xtask image`"
        more "An image is a folder whose files have the digests that stand in its `image.json`. A file was changed, is not what it is taken for, or something that a measurement depends on is not known here. Nothing of it is used."
    HardwareMissing "VC-0818" 0 "This machine lacks what isolates of this kind need"
        hint "docs/reference/confidential-vm.md says what each kind needs"
        more "Hardware, a kernel that uses it and a QEMU that knows of it all have to be there, for the user that starts isolates. Everything that is missing is named at once, with what to do about it."
    SystemUnsupported "VC-0830" 0 "This command runs on Linux only"
        hint "run it on a machine with Linux; what a participant does works here"
        more "Isolates are started, and programs confined, by means that only Linux has: namespaces, seccomp, Landlock, KVM and vsock. On other systems the command line is that of a participant: policies, approvals, files, results, receipts."

    UnknownRoute "VC-0901" 404 "There is no such route"
        hint "docs/reference/api.md lists them"
        more "The path is not one of the participant API's."
    MethodNotAllowed "VC-0902" 405 "The route does not have this method"
        hint "`Allow` lists the methods"
        more "The path exists, with other methods."
    MediaTypeUnsupported "VC-0903" 415 "The body has another media type than expected"
        hint "send the expected `Content-Type`"
        more "A body is read only as what its route expects."
    BodyMalformed "VC-0904" 400 "The body cannot be read"
        hint "send JSON as docs/reference/openapi.json describes it"
        more "JSON is read strictly: unknown and duplicate members are refused."
    BodyTooLarge "VC-0905" 413 "The body is too large"
        hint "see the limits in docs/reference/api.md"
        more "Requests other than uploads are small."
    HeaderMalformed "VC-0906" 400 "A header cannot be read"
        hint "write it as docs/reference/api.md says"
        more "A header that carries meaning is malformed or comes twice."
    Internal "VC-0907" 500 "The isolate failed at this request"
        hint "try again; if it happens again, report it"
        more "This is a fault of Veracruz. The request changed nothing that is shown as changed in the status."
    Closed "VC-0908" 410 "The computation is closed"
        hint "start a new isolate"
        more "The computation is over and everything in it is erased."
    TooManyRequests "VC-0909" 503 "The isolate has too much to do"
        hint "try again later"
        more "Connections and requests that are under way are bounded."
}

impl ErrorCode {
    /// The code of this text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl FromStr for ErrorCode {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::parse(text).ok_or(UnknownCode)
    }
}

/// There is no such code in this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such error code in this version")]
pub struct UnknownCode;

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = crate::text::bounded::<16, D>(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::invalid_value(de::Unexpected::Other("another code"), &"an error code")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_in_order_and_complete() {
        let mut last = "";
        for code in ErrorCode::ALL {
            assert!(code.as_str() > last, "{code} is out of order");
            last = code.as_str();
            assert_eq!(ErrorCode::parse(code.as_str()), Some(*code));
            assert!(code.as_str().len() == 7 && code.as_str().starts_with("VC-0"));
            assert!(code.http_status() == 0 || (400..=599).contains(&code.http_status()));
            assert!(!code.title().ends_with('.') && !code.hint().ends_with('.'));
            assert!(code.explanation().ends_with('.'), "{code}");
        }
    }
}

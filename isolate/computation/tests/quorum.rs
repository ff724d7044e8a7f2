//! Several isolates of one run: nothing is released unless all of them say the same.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use proptest::prelude::*;
use support::{
    ACME, BETWEEN, GLOBEX, MEASUREMENT, NOW, OUTPUT, PROGRAM, Variant, headers, key, path,
    program_bytes, sign,
};
use veracruz_computation::{
    Agreement, Computation, Effect, Failure, Reply, Resources, RunReport, Session, Setup, Upload,
    WrittenFile,
};
use veracruz_evidence::spki;
use veracruz_policy::{
    InstanceId, IsolateKind, KeyDigest, ParticipantName, Policy, QuorumMember, QuorumSet, Sha256,
};
use veracruz_protocol::{
    APPROVAL_PURPOSE, ApprovalId, ApprovalStatement, ComputationState, Content, ErrorCode,
    FailureClass, Instances, MemberWord, Missing, RunOutcome, RunState,
};
use veracruz_receipt::{Outcome, ReceiptPayload};
use zeroize::Zeroizing;

const ALL: [&str; 3] = ["acme", "globex", "lab"];

/// A policy with these kinds as its quorum.
fn policy_of(kinds: &[&str], runs: u32) -> Policy {
    let plain = support::policy(&Variant {
        required: r#"["acme", "globex", "lab"]"#,
        runs,
        ..Variant::default()
    });
    let mut document: serde_json::Value = serde_json::from_slice(plain.document()).unwrap();
    let digest = "2".repeat(64);
    document["isolates"] = kinds
        .iter()
        .map(|kind| {
            let isolate = match *kind {
                "process" => serde_json::json!({ "runtime": digest, "attesters": digest }),
                "microvm" => serde_json::json!({ "image": digest, "attesters": digest }),
                _ => serde_json::json!({ "pcrs": { "4": digest }, "aks": digest }),
            };
            ((*kind).to_owned(), isolate)
        })
        .collect();
    document["quorum"] = kinds.into();
    Policy::parse(document.to_string().as_bytes()).unwrap()
}

fn two() -> Policy {
    policy_of(&["process", "microvm"], 1)
}

/// One isolate of a quorum, and what its shell would keep.
struct Member {
    machine: Computation,
    key: SigningKey,
    effects: Vec<Effect>,
}

/// The key of the isolate with that number.
fn isolate_key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[100 + number; 32]).unwrap()
}

fn instance_of(key: &SigningKey) -> InstanceId {
    InstanceId::from(KeyDigest::of_spki(&spki::of_p256(key.verifying_key())))
}

impl Member {
    fn new(policy: &Policy, number: u8) -> Self {
        let key = isolate_key(number);
        let machine = Computation::new(Setup {
            policy: policy.clone(),
            instance: instance_of(&key),
            measurement: MEASUREMENT.into(),
            // Every isolate has another secret of its own.
            secret: Box::new(Zeroizing::new([number; 32])),
        });
        Self {
            machine,
            key,
            effects: Vec::new(),
        }
    }

    fn session(&self, name: &str) -> Session {
        self.machine.session(name, true).unwrap()
    }

    fn take<T>(&mut self, reply: Reply<T>) -> Result<T, ErrorCode> {
        self.effects.extend(reply.effects);
        reply.answer.map_err(|problem| problem.code)
    }

    fn carry(&mut self, bearer: &str, compact: &str) -> Result<(), ErrorCode> {
        let session = self.session(bearer);
        let reply = self.machine.approve(&session, compact, NOW);
        self.take(reply).map(drop)
    }

    fn upload(&mut self, name: &str, to: &str, bytes: &[u8], share: u8) -> Result<(), ErrorCode> {
        let session = self.session(name);
        let upload = Upload {
            share: Some(Zeroizing::new([share; 32])),
            ..headers(bytes)
        };
        let reply = self.machine.begin_upload(&session, &path(to), upload, NOW);
        let grant = self.take(reply)?;
        self.machine
            .append(&grant.lease, bytes.len() as u64)
            .unwrap();
        let reply = self.machine.commit_upload(grant.lease, Sha256::of(bytes));
        self.take(reply)?;
        let compiled = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Compile { storage, .. } => Some(*storage),
            _ => None,
        });
        if to == PROGRAM {
            let reply = self.machine.compiled(compiled.unwrap(), Ok(()));
            self.take(reply)?;
        }
        Ok(())
    }

    fn start(&mut self) -> Result<RunState, ErrorCode> {
        let (session, seen) = (self.session("lab"), self.machine.tag());
        let reply = self.machine.start_run(&session, Some(seen), NOW);
        self.take(reply)
    }

    /// Ends the run that is at work, well, with this output.
    fn finish(&mut self, output: &[u8]) {
        let plans = self.effects.iter().rev().filter_map(|effect| match effect {
            Effect::StartRun(plan) => Some(plan),
            _ => None,
        });
        let plan = plans.into_iter().next().unwrap();
        let written = [(OUTPUT, output), (BETWEEN, b"rows".as_slice())];
        let written = written.map(|(to, bytes)| WrittenFile {
            storage: plan
                .written
                .iter()
                .find(|file| file.path == path(to))
                .unwrap()
                .storage,
            content: Content {
                length: bytes.len() as u64,
                sha256: Sha256::of(bytes),
            },
        });
        let report = RunReport::Finished {
            written: written.to_vec(),
            resources: Resources::default(),
        };
        let reply = self.machine.run_ended(plan.run, report);
        self.take(reply).unwrap();
        self.sign();
    }

    fn fail(&mut self, run: u32) {
        let failure = Failure {
            stage: Some(1),
            class: FailureClass::Program,
            exit_code: None,
            reason: None,
        };
        let reply = self.machine.run_ended(run, RunReport::Failed(failure));
        self.take(reply).unwrap();
        self.sign();
    }

    /// What the isolate wants to say.
    fn said(&self) -> &Agreement {
        let said = self.effects.iter().rev().filter_map(|effect| match effect {
            Effect::SignAgreement(agreement) => Some(agreement),
            _ => None,
        });
        said.into_iter().next().unwrap()
    }

    /// Signs it, as its shell does.
    fn sign(&mut self) {
        let said = self.said().clone();
        let message = signed(&said, &self.key);
        let reply = self.machine.agreement_made(said.run, Some(message));
        self.take(reply).unwrap();
    }

    fn agreement(&self, run: u32) -> Result<Vec<u8>, ErrorCode> {
        let message = self.machine.agreement(&self.session("globex"), run);
        message.map(<[u8]>::to_vec).map_err(|problem| problem.code)
    }

    fn hear(&mut self, run: u32, message: &[u8]) -> Result<RunState, ErrorCode> {
        let session = self.session("globex");
        let reply = self.machine.agree(&session, run, message);
        self.take(reply)
    }

    fn outcome(&self, run: u32) -> RunOutcome {
        self.machine
            .run(&self.session("globex"), run)
            .unwrap()
            .outcome
    }

    fn words(&self, run: u32) -> Vec<MemberWord> {
        let run = self.machine.run(&self.session("globex"), run).unwrap();
        let members = run.quorum.unwrap().members;
        members.iter().map(|member| member.word).collect()
    }

    fn output(&self) -> Result<veracruz_computation::FileRead, ErrorCode> {
        let read = self
            .machine
            .read(&self.session("acme"), &path(OUTPUT), None);
        read.map_err(|problem| problem.code)
    }

    fn payload(&self) -> Option<&ReceiptPayload> {
        self.effects.iter().rev().find_map(|effect| match effect {
            Effect::MakeReceipt { payload, .. } => Some(&**payload),
            _ => None,
        })
    }
}

fn signed(said: &Agreement, key: &SigningKey) -> Vec<u8> {
    let unsigned = said.unsigned(&spki::of_p256(key.verifying_key()));
    let signature: Signature = key.sign(&unsigned.to_be_signed());
    unsigned.signed(&signature.to_bytes().into())
}

/// All isolates of a quorum.
struct Quorum {
    policy: Policy,
    members: Vec<Member>,
    ids: u8,
}

impl Quorum {
    fn new(policy: Policy) -> Self {
        let numbers = 1..=u8::try_from(policy.quorum().len()).unwrap();
        let members = numbers.map(|number| Member::new(&policy, number)).collect();
        Self {
            policy,
            members,
            ids: 0,
        }
    }

    /// One in which everything is there, approved, and running.
    fn running(policy: Policy) -> Self {
        let mut quorum = Self::ready(policy);
        for member in &mut quorum.members {
            assert_eq!(member.start().unwrap().outcome, RunOutcome::Running);
        }
        quorum
    }

    fn ready(policy: Policy) -> Self {
        let mut quorum = Self::new(policy);
        quorum.provide();
        quorum
    }

    fn provide(&mut self) {
        for name in ALL {
            self.approve(name);
        }
        for member in &mut self.members {
            member.upload("lab", PROGRAM, program_bytes(), 6).unwrap();
            member.upload("acme", ACME, b"acme's", 7).unwrap();
            member.upload("globex", GLOBEX, b"globex's", 8).unwrap();
        }
    }

    fn signed_members(&self) -> Vec<QuorumMember> {
        let members = self.members.iter().zip(self.policy.quorum());
        members
            .map(|(member, kind)| QuorumMember {
                instance: member.machine.instance(),
                kind: *kind,
            })
            .collect()
    }

    fn statement(&mut self, name: &str) -> ApprovalStatement {
        self.ids += 1;
        ApprovalStatement {
            purpose: APPROVAL_PURPOSE.into(),
            policy: self.policy.hash(),
            participant: ParticipantName::parse(name).unwrap(),
            instances: Instances::Quorum(self.signed_members()),
            programs: Vec::new(),
            nbf: NOW - 10,
            exp: NOW + 1000,
            iat: NOW - 10,
            jti: ApprovalId::from_random(&[self.ids; 16]),
        }
    }

    /// One statement, carried to all of them.
    fn approve(&mut self, name: &str) {
        let compact = sign(&self.statement(name), &key(name));
        for member in &mut self.members {
            member.carry(name, &compact).unwrap();
        }
    }

    /// Carries what everybody says to everybody else.
    fn carry_all(&mut self, run: u32) {
        let said: Vec<Vec<u8>> = self
            .members
            .iter()
            .map(|member| member.agreement(run).unwrap())
            .collect();
        for (to, member) in self.members.iter_mut().enumerate() {
            for (from, message) in said.iter().enumerate() {
                if from != to {
                    member.hear(run, message).unwrap();
                }
            }
        }
    }

    fn outcomes(&self, run: u32) -> Vec<RunOutcome> {
        self.members.iter().map(|one| one.outcome(run)).collect()
    }
}

/// A quorum of two whose runs have ended with these outputs.
fn ended(outputs: [&[u8]; 2]) -> Quorum {
    let mut quorum = Quorum::running(two());
    for (member, output) in quorum.members.iter_mut().zip(outputs) {
        member.finish(output);
    }
    quorum
}

#[test]
fn releases_outputs_where_all_found_the_same() {
    let mut quorum = ended([b"42", b"42"]);
    assert_eq!(quorum.outcomes(1), [RunOutcome::Agreeing; 2]);
    for member in &quorum.members {
        assert_eq!(member.output().unwrap_err(), ErrorCode::NotReleased);
        assert!(member.payload().is_none());
        let state = member.machine.state(NOW);
        assert_eq!(state, ComputationState::Agreeing);
    }
    assert_eq!(
        quorum.members[0].words(1),
        [MemberWord::This, MemberWord::Awaited]
    );
    quorum.carry_all(1);
    assert_eq!(quorum.outcomes(1), [RunOutcome::Finished; 2]);
    assert_eq!(
        quorum.members[1].words(1),
        [MemberWord::Agrees, MemberWord::This]
    );
    let [one, other] = [0, 1].map(|index| quorum.members[index].output().unwrap());
    assert_eq!(one.content, other.content);
    // What opens the receipts' commitments is the same too.
    assert_eq!(one.opening, other.opening);
}

#[test]
fn receipts_of_a_quorum_say_the_same() {
    let mut quorum = ended([b"42", b"42"]);
    quorum.carry_all(1);
    let payloads = [0, 1].map(|index| quorum.members[index].payload().unwrap());
    let [one, other] = payloads;
    assert_eq!(one.inputs, other.inputs);
    assert_eq!(one.outputs, other.outputs);
    assert_eq!(one.randomness, other.randomness);
    assert_eq!(one.approvals, other.approvals);
    assert_eq!(one.quorum, other.quorum);
    assert_ne!(one.instance, other.instance);
    let claim = one.quorum.as_ref().unwrap();
    assert!(claim.agreed);
    assert_eq!(claim.members, quorum.signed_members());
}

#[test]
fn withholds_for_ever_where_one_found_something_else() {
    let mut quorum = ended([b"42", b"43"]);
    quorum.carry_all(1);
    assert_eq!(quorum.outcomes(1), [RunOutcome::Withheld; 2]);
    for member in &quorum.members {
        assert_eq!(member.output().unwrap_err(), ErrorCode::NotReleased);
        let payload = member.payload().unwrap();
        assert_eq!(payload.outcome, Outcome::Withheld);
        assert!(payload.outputs.is_empty());
        assert!(!payload.quorum.as_ref().unwrap().agreed);
        // The contents are gone, not only out of reach.
        let written = member.effects.iter().find_map(|effect| match effect {
            Effect::StartRun(plan) => Some(&plan.written),
            _ => None,
        });
        for file in written.unwrap() {
            let erased =
                |effect: &Effect| matches!(effect, Effect::Erase(id) if *id == file.storage);
            assert!(member.effects.iter().any(erased), "{:?}", file.path);
        }
    }
    assert_eq!(
        quorum.members[0].words(1),
        [MemberWord::This, MemberWord::Differs]
    );
    // Not another time either.
    quorum.carry_all(1);
    assert_eq!(quorum.outcomes(1), [RunOutcome::Withheld; 2]);
}

#[test]
fn a_share_that_one_isolate_was_given_otherwise_is_no_agreement() {
    let mut quorum = Quorum::new(two());
    for name in ALL {
        quorum.approve(name);
    }
    for (member, share) in quorum.members.iter_mut().zip([7, 9]) {
        member.upload("lab", PROGRAM, program_bytes(), 6).unwrap();
        member.upload("acme", ACME, b"acme's", share).unwrap();
        member.upload("globex", GLOBEX, b"globex's", 8).unwrap();
        member.start().unwrap();
        member.finish(b"42");
    }
    quorum.carry_all(1);
    assert_eq!(quorum.outcomes(1), [RunOutcome::Withheld; 2]);
}

#[test]
fn an_input_that_one_isolate_was_given_otherwise_is_no_agreement() {
    let mut quorum = Quorum::new(two());
    for name in ALL {
        quorum.approve(name);
    }
    for (member, input) in quorum.members.iter_mut().zip([b"acme's", b"ACME's"]) {
        member.upload("lab", PROGRAM, program_bytes(), 6).unwrap();
        member.upload("acme", ACME, input, 7).unwrap();
        member.upload("globex", GLOBEX, b"globex's", 8).unwrap();
        member.start().unwrap();
        member.finish(b"42");
    }
    quorum.carry_all(1);
    assert_eq!(quorum.outcomes(1), [RunOutcome::Withheld; 2]);
}

#[test]
fn one_that_failed_keeps_the_others_from_releasing() {
    let mut quorum = Quorum::running(two());
    quorum.members[0].finish(b"42");
    quorum.members[1].fail(1);
    assert_eq!(
        quorum.outcomes(1),
        [RunOutcome::Agreeing, RunOutcome::Failed]
    );
    quorum.carry_all(1);
    assert_eq!(
        quorum.outcomes(1),
        [RunOutcome::Withheld, RunOutcome::Failed]
    );
    let failed = quorum.members[1].payload().unwrap();
    assert_eq!(failed.outcome, Outcome::Failed);
    assert!(!failed.quorum.as_ref().unwrap().agreed);
}

#[test]
fn a_word_that_comes_before_the_own_run_has_ended_waits() {
    let mut quorum = Quorum::running(two());
    quorum.members[0].finish(b"42");
    let message = quorum.members[0].agreement(1).unwrap();
    let later = &mut quorum.members[1];
    assert_eq!(
        later.agreement(1).unwrap_err(),
        ErrorCode::AgreementNotReady
    );
    let state = later.hear(1, &message).unwrap();
    assert_eq!(state.outcome, RunOutcome::Running);
    assert_eq!(later.words(1), [MemberWord::Heard, MemberWord::This]);
    later.finish(b"42");
    assert_eq!(later.outcome(1), RunOutcome::Finished);
    // The other one has heard nothing, and waits: a host that carries one way releases there alone,
    // and what it releases is what both found.
    assert_eq!(quorum.members[0].outcome(1), RunOutcome::Agreeing);
}

#[test]
fn who_is_silent_is_named_and_nothing_is_released() {
    let mut quorum = Quorum::running(policy_of(&["process", "microvm", "tpm"], 1));
    for member in &mut quorum.members[..2] {
        member.finish(b"42");
    }
    let message = quorum.members[1].agreement(1).unwrap();
    let state = quorum.members[0].hear(1, &message).unwrap();
    assert_eq!(state.outcome, RunOutcome::Agreeing);
    let silent = quorum.members[2].machine.instance();
    let members = state.quorum.unwrap().members;
    let words: Vec<_> = members.iter().map(|member| member.word).collect();
    assert_eq!(
        words,
        [MemberWord::This, MemberWord::Agrees, MemberWord::Awaited]
    );
    assert_eq!(
        (members[2].instance, members[2].kind),
        (silent, IsolateKind::Tpm)
    );
    let output = quorum.members[0].output();
    assert_eq!(output.unwrap_err(), ErrorCode::NotReleased);
}

#[test]
fn of_three_one_is_enough_to_withhold_at_once() {
    let mut quorum = Quorum::running(policy_of(&["process", "microvm", "tpm"], 1));
    quorum.members[0].finish(b"42");
    quorum.members[1].finish(b"43");
    let message = quorum.members[1].agreement(1).unwrap();
    let state = quorum.members[0].hear(1, &message).unwrap();
    assert_eq!(state.outcome, RunOutcome::Withheld);
}

#[test]
fn of_three_all_are_needed_to_release() {
    let mut quorum = Quorum::running(policy_of(&["process", "microvm", "tpm"], 1));
    for member in &mut quorum.members {
        member.finish(b"42");
    }
    quorum.carry_all(1);
    assert_eq!(quorum.outcomes(1), [RunOutcome::Finished; 3]);
}

#[test]
fn its_own_word_is_not_another_ones() {
    let mut quorum = ended([b"42", b"42"]);
    let own = quorum.members[0].agreement(1).unwrap();
    assert_eq!(
        quorum.members[0].hear(1, &own).unwrap_err(),
        ErrorCode::AgreementMember
    );
    assert_eq!(quorum.members[0].outcome(1), RunOutcome::Agreeing);
}

#[test]
fn a_tag_that_was_made_for_another_isolate_is_not_its_word() {
    let quorum = ended([b"42", b"42"]);
    let mut quorum = quorum;
    // A dishonest isolate that repeats what an honest one said, under its own name.
    let repeated = Agreement {
        instance: quorum.members[1].machine.instance(),
        ..quorum.members[0].said().clone()
    };
    let message = signed(&repeated, &isolate_key(2));
    let state = quorum.members[0].hear(1, &message).unwrap();
    assert_eq!(state.outcome, RunOutcome::Withheld);
}

#[test]
fn only_isolates_that_everybody_signed_are_heard() {
    let mut quorum = ended([b"42", b"42"]);
    let stranger = isolate_key(9);
    let strange = Agreement {
        instance: instance_of(&stranger),
        ..quorum.members[1].said().clone()
    };
    let one = &mut quorum.members[0];
    assert_eq!(
        one.hear(1, &signed(&strange, &stranger)).unwrap_err(),
        ErrorCode::AgreementMember
    );
    // Nor a stranger's key under the name of one of them.
    let in_its_name = quorum.members[1].said().clone();
    let one = &mut quorum.members[0];
    assert_eq!(
        one.hear(1, &signed(&in_its_name, &stranger)).unwrap_err(),
        ErrorCode::AgreementMember
    );
    assert_eq!(one.words(1), [MemberWord::This, MemberWord::Awaited]);
}

#[test]
fn no_bit_of_a_message_can_be_changed() {
    let mut quorum = ended([b"42", b"42"]);
    let message = quorum.members[1].agreement(1).unwrap();
    let refused = [
        ErrorCode::AgreementMalformed,
        ErrorCode::AgreementMember,
        ErrorCode::AgreementSignature,
        ErrorCode::AgreementRun,
    ];
    for bit in 0..message.len() * 8 {
        let mut changed = message.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let code = quorum.members[0].hear(1, &changed).unwrap_err();
        assert!(refused.contains(&code), "bit {bit}: {code}");
    }
    for length in 0..message.len() {
        let code = quorum.members[0].hear(1, &message[..length]).unwrap_err();
        assert_eq!(code, ErrorCode::AgreementMalformed);
    }
    let long = [message.as_slice(), &[0; 2048]].concat();
    let code = quorum.members[0].hear(1, &long).unwrap_err();
    assert_eq!(code, ErrorCode::AgreementMalformed);
    // And the whole one counts still.
    let state = quorum.members[0].hear(1, &message).unwrap();
    assert_eq!(state.outcome, RunOutcome::Finished);
}

#[test]
fn a_word_about_another_run_policy_or_quorum_is_refused() {
    let mut quorum = ended([b"42", b"42"]);
    let key = isolate_key(2);
    let said = quorum.members[1].said().clone();
    let others = [
        Agreement {
            run: 2,
            ..said.clone()
        },
        Agreement {
            policy: veracruz_policy::PolicyHash::from_bytes([9; 32]),
            ..said.clone()
        },
        Agreement {
            quorum: Sha256::of(b"another"),
            ..said
        },
    ];
    for other in others {
        let code = quorum.members[0]
            .hear(1, &signed(&other, &key))
            .unwrap_err();
        assert_eq!(code, ErrorCode::AgreementRun, "{other:?}");
    }
    // The right word at the wrong run.
    let message = quorum.members[1].agreement(1).unwrap();
    let code = quorum.members[0].hear(2, &message).unwrap_err();
    assert_eq!(code, ErrorCode::RunUnknown);
}

#[test]
fn a_word_of_an_earlier_run_does_not_count_in_a_later_one() {
    let mut quorum = Quorum::running(policy_of(&["process", "microvm"], 2));
    for member in &mut quorum.members {
        member.finish(b"42");
    }
    let old = quorum.members[1].agreement(1).unwrap();
    quorum.carry_all(1);
    for name in ALL {
        quorum.approve(name);
    }
    for member in &mut quorum.members {
        assert_eq!(member.start().unwrap().run, 2);
        member.finish(b"42");
    }
    let code = quorum.members[0].hear(2, &old).unwrap_err();
    assert_eq!(code, ErrorCode::AgreementRun);
    // The same outputs have other tags.
    let said: Vec<_> = quorum.members[1]
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::SignAgreement(said) => Some(said.tag),
            _ => None,
        })
        .collect();
    assert_ne!(said[0], said[1]);
    quorum.carry_all(2);
    assert_eq!(quorum.outcomes(2), [RunOutcome::Finished; 2]);
}

#[test]
fn an_isolate_speaks_once() {
    let mut quorum = Quorum::running(policy_of(&["process", "microvm", "tpm"], 1));
    for member in &mut quorum.members {
        member.finish(b"42");
    }
    let message = quorum.members[1].agreement(1).unwrap();
    let one = &mut quorum.members[0];
    one.hear(1, &message).unwrap();
    let tag = one.machine.tag();
    // The same once more is no other state, whoever carries it how often.
    one.hear(1, &message).unwrap();
    assert_eq!(one.machine.tag(), tag);
    let other = Agreement {
        tag: [1; 32],
        ..quorum.members[1].said().clone()
    };
    let message = signed(&other, &isolate_key(2));
    let code = quorum.members[0].hear(1, &message).unwrap_err();
    assert_eq!(code, ErrorCode::AgreementRepeated);
}

#[test]
fn a_tag_tells_nothing_to_those_without_all_shares() {
    // Whoever guesses the output, and knows all but one share, computes another tag.
    let guessed = |share: u8| {
        let mut quorum = Quorum::new(two());
        for name in ALL {
            quorum.approve(name);
        }
        let member = &mut quorum.members[0];
        member.upload("lab", PROGRAM, program_bytes(), 6).unwrap();
        member.upload("acme", ACME, b"acme's", share).unwrap();
        member.upload("globex", GLOBEX, b"globex's", 8).unwrap();
        member.start().unwrap();
        member.finish(b"42");
        member.said().tag
    };
    assert_eq!(guessed(7), guessed(7));
    assert_ne!(guessed(7), guessed(17));
}

#[test]
fn no_run_without_one_quorum_signed_by_all() {
    let mut quorum = Quorum::new(two());
    quorum.approve("acme");
    quorum.approve("globex");
    // lab was shown another virtual machine.
    let mut statement = quorum.statement("lab");
    let Instances::Quorum(members) = &mut statement.instances else {
        panic!("no quorum")
    };
    members[1].instance = InstanceId::from_bytes([9; 32]);
    let compact = sign(&statement, &key("lab"));
    let member = &mut quorum.members[0];
    member.carry("lab", &compact).unwrap();
    member.upload("lab", PROGRAM, program_bytes(), 6).unwrap();
    member.upload("acme", ACME, b"acme's", 7).unwrap();
    member.upload("globex", GLOBEX, b"globex's", 8).unwrap();
    let status = member.machine.status(&member.session("acme"), NOW);
    assert_eq!(status.missing, [Missing::Quorum]);
    assert_eq!(status.state, ComputationState::Awaiting);
    assert_eq!(member.start().unwrap_err(), ErrorCode::RunNotReady);
    // The machine that lab was shown is not the one of the others, which refuses it.
    let code = quorum.members[1].carry("lab", &compact).unwrap_err();
    assert_eq!(code, ErrorCode::ApprovalInstance);
}

#[test]
fn a_participant_signs_another_quorum_only_after_it_withdrew() {
    let mut quorum = Quorum::ready(two());
    let mut statement = quorum.statement("acme");
    let Instances::Quorum(members) = &mut statement.instances else {
        panic!("no quorum")
    };
    members[1].instance = InstanceId::from_bytes([9; 32]);
    let compact = sign(&statement, &key("acme"));
    let member = &mut quorum.members[0];
    let code = member.carry("acme", &compact).unwrap_err();
    assert_eq!(code, ErrorCode::ApprovalOtherQuorum);
    assert_eq!(member.machine.state(NOW), ComputationState::Ready);
    let session = member.session("acme");
    let reply = member.machine.withdraw(&session);
    member.take(reply).unwrap();
    member.carry("acme", &compact).unwrap();
    let status = member.machine.status(&member.session("acme"), NOW);
    assert!(status.missing.contains(&Missing::Quorum));
    assert!(status.missing.iter().any(|missing| matches!(
        missing,
        Missing::File { provider, .. } if provider.as_str() == "acme"
    )));
}

#[test]
fn an_approval_names_the_quorum_of_the_policy() {
    let mut quorum = Quorum::new(two());
    let [one, other] = [0, 1].map(|index| quorum.members[index].machine.instance());
    let member = |instance, kind| QuorumMember { instance, kind };
    use IsolateKind::{Microvm, Process, Tpm};
    let cases = [
        (Instances::Any, ErrorCode::ApprovalQuorum),
        (
            Instances::These(vec![one, other]),
            ErrorCode::ApprovalQuorum,
        ),
        (
            Instances::Quorum(vec![member(one, Process)]),
            ErrorCode::ApprovalQuorum,
        ),
        (
            Instances::Quorum(vec![member(other, Microvm), member(one, Process)]),
            ErrorCode::ApprovalQuorum,
        ),
        (
            Instances::Quorum(vec![member(one, Process), member(other, Tpm)]),
            ErrorCode::ApprovalQuorum,
        ),
        (
            Instances::Quorum(vec![member(one, Process), member(one, Microvm)]),
            ErrorCode::ApprovalQuorum,
        ),
        (
            Instances::Quorum(vec![
                member(InstanceId::from_bytes([9; 32]), Process),
                member(other, Microvm),
            ]),
            ErrorCode::ApprovalInstance,
        ),
    ];
    for (instances, expected) in cases {
        let mut statement = quorum.statement("acme");
        statement.instances = instances;
        let compact = sign(&statement, &key("acme"));
        let code = quorum.members[0].carry("acme", &compact).unwrap_err();
        assert_eq!(code, expected, "{:?}", statement.instances);
    }
}

#[test]
fn a_policy_without_a_quorum_takes_no_approval_of_one() {
    let mut bench = support::Bench::new(&Variant::default());
    let mut statement = bench.statement("acme");
    statement.instances = Instances::Quorum(vec![QuorumMember {
        instance: support::INSTANCE,
        kind: IsolateKind::Process,
    }]);
    let code = bench.carry("acme", &sign(&statement, &key("acme")));
    assert_eq!(code.unwrap_err(), ErrorCode::ApprovalQuorum);
    let mut bench = support::Bench::ready(&Variant::default());
    bench.start("acme").unwrap();
    bench.finish(b"out");
    let session = bench.session("acme");
    let found = bench.machine.agreement(&session, 1).unwrap_err();
    assert_eq!(found.code, ErrorCode::QuorumNone);
    let reply = bench.machine.agree(&session, 1, b"");
    assert_eq!(bench.take(reply).unwrap_err(), ErrorCode::QuorumNone);
    assert!(bench.status("acme").run.unwrap().quorum.is_none());
}

#[test]
fn nothing_changes_while_isolates_wait_for_each_other() {
    let mut quorum = Quorum::running(policy_of(&["process", "microvm"], 2));
    quorum.members[0].finish(b"42");
    let compact = sign(&quorum.statement("acme"), &key("acme"));
    let member = &mut quorum.members[0];
    let code = member.carry("acme", &compact).unwrap_err();
    assert_eq!(code, ErrorCode::ApprovalBarred);
    assert_eq!(member.start().unwrap_err(), ErrorCode::ApprovalBarred);
}

#[test]
fn whoever_withdraws_while_they_wait_stops_no_agreement_that_has_begun() {
    let mut quorum = ended([b"42", b"42"]);
    let member = &mut quorum.members[0];
    let session = member.session("acme");
    let reply = member.machine.withdraw(&session);
    member.take(reply).unwrap();
    assert_eq!(member.outcome(1), RunOutcome::Agreeing);
    quorum.carry_all(1);
    assert_eq!(quorum.outcomes(1), [RunOutcome::Finished; 2]);
}

#[test]
fn a_computation_that_is_closed_erases_what_was_held_back() {
    let mut quorum = ended([b"42", b"42"]);
    let member = &mut quorum.members[0];
    let reply = member.machine.close();
    member.take(reply).unwrap();
    let plans = member.effects.iter().find_map(|effect| match effect {
        Effect::StartRun(plan) => Some(plan),
        _ => None,
    });
    for file in &plans.unwrap().written {
        let erased = |effect: &Effect| matches!(effect, Effect::Erase(id) if *id == file.storage);
        assert!(member.effects.iter().any(erased), "{:?}", file.path);
    }
}

#[test]
fn agreements_are_for_participants_on_attested_connections() {
    let mut quorum = ended([b"42", b"42"]);
    let message = quorum.members[1].agreement(1).unwrap();
    let member = &mut quorum.members[0];
    let session = member.machine.session("globex", false).unwrap();
    let found = member.machine.agreement(&session, 1).unwrap_err();
    assert_eq!(found.code, ErrorCode::AttestationRequired);
    let reply = member.machine.agree(&session, 1, &message);
    let code = member.take(reply).unwrap_err();
    assert_eq!(code, ErrorCode::AttestationRequired);
}

#[test]
fn a_set_has_the_name_that_agreements_give_it() {
    let quorum = ended([b"42", b"42"]);
    let set = QuorumSet::new(&quorum.policy, &quorum.signed_members()).unwrap();
    assert_eq!(quorum.members[0].said().quorum, set.id());
}

/// Something that happens between two isolates and those who carry, by numbers so that sequences
/// shrink.
#[derive(Clone, Debug)]
enum Event {
    /// An isolate's run ends with one of two outputs.
    Finish { at: usize, output: u8 },
    /// Its run fails.
    Fail { at: usize },
    /// What one of them says is carried to one of them, unchanged or with a bit flipped.
    Carry {
        from: usize,
        to: usize,
        flip: Option<usize>,
    },
    /// What one of them says is said again, signed by the other one's key or a stranger's.
    Forge { from: usize, to: usize, key: u8 },
    /// A participant withdraws there.
    Withdraw { at: usize, who: usize },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let at = || 0..2_usize;
    let event = prop_oneof![
        3 => (at(), 0..2_u8).prop_map(|(at, output)| Event::Finish { at, output }),
        1 => at().prop_map(|at| Event::Fail { at }),
        4 => (at(), at(), proptest::option::weighted(0.3, 0..4000_usize))
            .prop_map(|(from, to, flip)| Event::Carry { from, to, flip }),
        1 => (at(), at(), 1..4_u8).prop_map(|(from, to, key)| Event::Forge { from, to, key }),
        1 => (at(), 0..3_usize).prop_map(|(at, who)| Event::Withdraw { at, who }),
    ];
    prop::collection::vec(event, 0..24)
}

/// Makes it happen; what the isolates refuse is none of this test's affair.
fn happen(quorum: &mut Quorum, found: &mut [Option<u8>; 2], event: &Event) {
    match event {
        Event::Finish { at, output } if found[*at].is_none() => {
            found[*at] = Some(*output);
            quorum.members[*at].finish(&[*output]);
        }
        Event::Fail { at } if found[*at].is_none() => {
            found[*at] = Some(9);
            quorum.members[*at].fail(1);
        }
        Event::Carry { from, to, flip } => {
            let Ok(mut message) = quorum.members[*from].agreement(1) else {
                return;
            };
            if let Some(bit) = flip {
                let bit = bit % (message.len() * 8);
                message[bit / 8] ^= 1 << (bit % 8);
            }
            let heard = quorum.members[*to].hear(1, &message);
            // Only an honest message of the other one is ever believed.
            assert!(
                heard.is_err() || (from != to && flip.is_none()),
                "{event:?}"
            );
        }
        Event::Forge { from, to, key } if found[*from].is_some() => {
            let key = isolate_key(*key);
            let forged = Agreement {
                instance: instance_of(&key),
                ..quorum.members[*from].said().clone()
            };
            // The other isolate itself may be dishonest: then it says what is no agreement.
            let _ = quorum.members[*to].hear(1, &signed(&forged, &key));
        }
        Event::Withdraw { at, who } => {
            let member = &mut quorum.members[*at];
            let session = member.session(ALL[*who]);
            let reply = member.machine.withdraw(&session);
            let _ = member.take(reply);
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn in_no_order_of_events_is_anything_released_that_not_all_found(events in events()) {
        let mut quorum = Quorum::running(two());
        let mut found = [None, None];
        let mut last = [RunOutcome::Running; 2];
        for event in &events {
            happen(&mut quorum, &mut found, event);
            for (at, before) in last.iter_mut().enumerate() {
                let member = &quorum.members[at];
                let outcome = member.outcome(1);
                // What has ended has ended.
                prop_assert!(!before.is_final() || *before == outcome, "{before:?} {outcome:?}");
                *before = outcome;
                let released = member.output().is_ok();
                prop_assert_eq!(released, outcome == RunOutcome::Finished);
                if released {
                    prop_assert_eq!(found[0], found[1]);
                    prop_assert!(found[0].is_some_and(|output| output < 2));
                }
            }
        }
    }
}

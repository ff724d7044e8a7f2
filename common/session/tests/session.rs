//! Both ends see the same connection, and a session needs good evidence.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::convert::Infallible;
use std::sync::Arc;

use common::{POLICY, Parties, handshake};
use rustls::{ClientConnection, ServerConnection};
use veracruz_evidence::{Nonce, ReportData};
use veracruz_policy::{InstanceId, KeyDigest, PolicyHash};
use veracruz_session::{
    Appraiser, Attested, Channel, ChannelError, Identity, Judgement, Session, SessionError, Step,
    Unattested, client_config, server_config, server_name,
};

const NONCE: Nonce = Nonce::from_bytes([3; 32]);

fn channels(parties: &Parties) -> (Channel, Channel) {
    let (client, server) = handshake(parties.client(), parties.server()).expect_finished();
    let at_client = Channel::from_client(&client, &parties.acme).unwrap();
    let at_server = Channel::from_server(&server, &parties.isolate).unwrap();
    (at_client, at_server)
}

#[test]
fn both_ends_compute_the_same_report_data() {
    let parties = Parties::new();
    let (client, server) = channels(&parties);
    assert_eq!(
        client.report_data(&POLICY, &NONCE),
        server.report_data(&POLICY, &NONCE)
    );
    assert_eq!(client.peer(), parties.isolate.key());
    assert_eq!(server.peer(), parties.acme.key());
}

#[test]
fn report_data_is_what_the_specification_says() {
    use sha2_by_aws::{sha256, sha512};
    let parties = Parties::new();
    let (client, server) = handshake(parties.client(), parties.server()).expect_finished();
    let exporter: [u8; 32] = client
        .export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(&[]))
        .unwrap();
    let items: [&[u8]; 6] = [
        b"veracruz-session-v1",
        POLICY.as_bytes(),
        &sha256(parties.isolate.spki()),
        &sha256(parties.acme.spki()),
        &exporter,
        NONCE.as_bytes(),
    ];
    let mut bytes = Vec::new();
    for item in items {
        bytes.extend(u32::try_from(item.len()).unwrap().to_be_bytes());
        bytes.extend(item);
    }
    let channel = Channel::from_server(&server, &parties.isolate).unwrap();
    assert_eq!(
        channel.report_data(&POLICY, &NONCE).as_bytes().as_slice(),
        sha512(&bytes)
    );
}

#[test]
fn report_data_equals_the_example_in_the_reference() {
    // docs/reference/session.md; computed by Python's hashlib.
    let data = veracruz_evidence::report_data::session(
        &PolicyHash::from_bytes([1; 32]),
        b"server",
        b"client",
        &[2; 32],
        &NONCE,
    );
    let expected = concat!(
        "a57cd8d7d3a22f9c826b7a3255779abfea030065a8e5bf03229c43f33dc9c57a",
        "fb4813501d7df8d097a7c6a6671e9d88d5573f5d91892b95d9819d028d8cc7cb",
    );
    assert_eq!(data.to_string(), expected);
}

#[test]
fn every_input_changes_the_report_data() {
    let parties = Parties::new();
    let (channel, _) = channels(&parties);
    let (other_connection, _) = channels(&parties);
    let (other_isolate, _) = channels(&Parties {
        isolate: Identity::generate("isolate").unwrap(),
        ..clone(&parties)
    });
    let (other_participant, _) = channels(&Parties {
        acme: Identity::generate("acme").unwrap(),
        ..clone(&parties)
    });
    let data = channel.report_data(&POLICY, &NONCE);
    let others = [
        channel.report_data(&PolicyHash::from_bytes([8; 32]), &NONCE),
        channel.report_data(&POLICY, &Nonce::from_bytes([4; 32])),
        other_connection.report_data(&POLICY, &NONCE),
        other_isolate.report_data(&POLICY, &NONCE),
        other_participant.report_data(&POLICY, &NONCE),
    ];
    for (index, other) in others.iter().enumerate() {
        assert_ne!(*other, data, "{index}");
    }
}

#[test]
fn evidence_reflected_with_the_roles_exchanged_does_not_fit() {
    let parties = Parties::new();
    let (client, server) = handshake(parties.client(), parties.server()).expect_finished();
    let honest = Channel::from_client(&client, &parties.acme).unwrap();
    // The same two parties, but the isolate's key on both sides of the data.
    let confused = Channel::from_server(&server, &parties.acme).unwrap();
    assert_ne!(
        honest.report_data(&POLICY, &NONCE),
        confused.report_data(&POLICY, &NONCE)
    );
}

#[test]
fn there_is_no_channel_before_the_handshake_is_over() {
    let parties = Parties::new();
    let name = server_name(&POLICY, None).try_into().unwrap();
    let client = ClientConnection::new(Arc::new(parties.client()), name).unwrap();
    let server = ServerConnection::new(Arc::new(parties.server())).unwrap();
    let client = Channel::from_client(&client, &parties.acme);
    assert!(matches!(client, Err(ChannelError::Unfinished)));
    let server = Channel::from_server(&server, &parties.isolate);
    assert!(matches!(server, Err(ChannelError::Unfinished)));
}

#[test]
fn good_evidence_makes_a_session_attested() {
    let parties = Parties::new();
    let (client, server) = channels(&parties);
    let session = Session::new(client, POLICY, None).unwrap();
    let evidence = server.report_data(&POLICY, session.nonce());
    let (session, verdict) = appraise(session, &evidence).unwrap();
    assert_eq!(verdict, "as expected");
    assert_eq!(session.instance(), InstanceId::from(parties.isolate.key()));
}

#[test]
fn evidence_of_another_connection_makes_none() {
    let parties = Parties::new();
    let (client, _) = channels(&parties);
    let (_, other_server) = channels(&parties);
    let session = Session::new(client, POLICY, None).unwrap();
    let evidence = other_server.report_data(&POLICY, session.nonce());
    assert!(matches!(appraise(session, &evidence), Err(Refused)));
}

#[test]
fn evidence_for_another_sessions_nonce_makes_none() {
    let parties = Parties::new();
    let (client, server) = channels(&parties);
    let earlier = server.report_data(&POLICY, &NONCE);
    let session = Session::new(client, POLICY, None).unwrap();
    assert!(matches!(appraise(session, &earlier), Err(Refused)));
}

#[test]
fn evidence_that_leaves_a_question_open_attests_nothing_before_the_answer() {
    let parties = Parties::new();
    for (answer, good) in [
        (&[7][..], true),
        (&[8], false),
        (&[], false),
        (&[7, 7], false),
    ] {
        let (client, server) = channels(&parties);
        let session = Session::new(client, POLICY, None).unwrap();
        let evidence = server.report_data(&POLICY, session.nonce());
        let asking = Asking(7);
        let Ok(Step::Challenged(session)) = session.appraise(evidence.as_bytes(), &asking) else {
            panic!("no question")
        };
        assert_eq!(*session.challenge(), 7);
        let verdict = session.answer(answer, &asking);
        assert_eq!(
            verdict.map(|(_, verdict)| verdict).ok(),
            good.then_some("answered")
        );
    }
}

#[test]
fn a_question_does_not_mend_evidence_of_another_connection() {
    let parties = Parties::new();
    let (client, _) = channels(&parties);
    let (_, other_server) = channels(&parties);
    let session = Session::new(client, POLICY, None).unwrap();
    let evidence = other_server.report_data(&POLICY, session.nonce());
    let verdict = session.appraise(evidence.as_bytes(), &Asking(7));
    assert!(matches!(verdict, Err(Refused)));
}

#[test]
fn a_session_that_was_attested_can_be_challenged_again_with_another_nonce() {
    let parties = Parties::new();
    let (client, server) = channels(&parties);
    let session = Session::new(client, POLICY, None).unwrap();
    let first = server.report_data(&POLICY, session.nonce());
    let (session, _) = appraise(session, &first).unwrap();

    let session = session.challenge_again().unwrap();
    let second = server.report_data(&POLICY, session.nonce());
    let (session, _) = appraise(session, &second).unwrap();
    // What was good a moment ago is old now.
    let session = session.challenge_again().unwrap();
    for old in [first, second] {
        assert_ne!(server.report_data(&POLICY, session.nonce()), old);
    }
    assert!(matches!(appraise(session, &second), Err(Refused)));
}

#[test]
fn nonces_differ() {
    let parties = Parties::new();
    let first = Session::new(channels(&parties).0, POLICY, None).unwrap();
    let second = Session::new(channels(&parties).0, POLICY, None).unwrap();
    assert_ne!(first.nonce().as_bytes(), second.nonce().as_bytes());
}

#[test]
fn refuses_another_isolate_than_the_one_that_was_dialled() {
    let parties = Parties::new();
    let (client, _) = channels(&parties);
    let dialled = InstanceId::from_bytes([9; 32]);
    let Err(SessionError::OtherInstance { expected, found }) =
        Session::new(client, POLICY, Some(&dialled))
    else {
        panic!("accepted")
    };
    assert_eq!(expected, dialled);
    assert_eq!(found, InstanceId::from(parties.isolate.key()));
}

#[test]
fn debug_text_does_not_show_the_exporter() {
    let parties = Parties::new();
    let (client, server) = handshake(parties.client(), parties.server()).expect_finished();
    let exporter: [u8; 32] = client
        .export_keying_material([0; 32], b"EXPORTER-Channel-Binding", None)
        .unwrap();
    let text = format!(
        "{:?}",
        Channel::from_server(&server, &parties.isolate).unwrap()
    );
    assert!(!text.contains(&format!("{:?}", exporter)));
    assert!(text.contains(&parties.acme.key().to_string()));
}

fn clone(parties: &Parties) -> Parties {
    Parties {
        isolate: parties.isolate.clone(),
        acme: parties.acme.clone(),
    }
}

/// Takes the report data itself for evidence.
struct Echo;

#[derive(Debug)]
struct Refused;

type Judged<Challenge> = Result<Judgement<&'static str, Challenge>, Refused>;

impl Appraiser for Echo {
    type Appraised = &'static str;
    type Challenge = Infallible;
    type Error = Refused;

    fn appraise(&self, evidence: &[u8], expected: &ReportData) -> Judged<Infallible> {
        (evidence == expected.as_bytes())
            .then_some(Judgement::Appraised("as expected"))
            .ok_or(Refused)
    }

    fn finish(&self, challenge: Infallible, _: &[u8]) -> Result<&'static str, Refused> {
        match challenge {}
    }
}

/// As [`Echo`], and then asks for a number.
struct Asking(u8);

impl Appraiser for Asking {
    type Appraised = &'static str;
    type Challenge = u8;
    type Error = Refused;

    fn appraise(&self, evidence: &[u8], expected: &ReportData) -> Judged<u8> {
        match Echo.appraise(evidence, expected)? {
            Judgement::Appraised(_) => Ok(Judgement::Challenge(self.0)),
            Judgement::Challenge(never) => match never {},
        }
    }

    fn finish(&self, challenge: u8, answer: &[u8]) -> Result<&'static str, Refused> {
        (answer == [challenge]).then_some("answered").ok_or(Refused)
    }
}

/// What [`Echo`] makes of evidence: it has no questions.
fn appraise(
    session: Session<Unattested>,
    evidence: &ReportData,
) -> Result<(Session<Attested>, &'static str), Refused> {
    match session.appraise(evidence.as_bytes(), &Echo)? {
        Step::Attested(session, verdict) => Ok((session, verdict)),
        Step::Challenged(session) => match *session.challenge() {},
    }
}

#[test]
fn a_participant_at_two_isolates_is_told_apart_by_the_key_alone() {
    let acme = Identity::generate("acme").unwrap();
    let one = Identity::generate("isolate").unwrap();
    let two = Identity::generate("isolate").unwrap();
    let peers: Vec<KeyDigest> = [&one, &two]
        .into_iter()
        .map(|isolate| {
            let server = server_config(isolate, vec![acme.key()], POLICY).unwrap();
            let (client, _) = handshake(client_config(&acme).unwrap(), server).expect_finished();
            Channel::from_client(&client, &acme).unwrap().peer()
        })
        .collect();
    assert_eq!(peers, [one.key(), two.key()]);
}

mod sha2_by_aws {
    use aws_lc_rs::digest;

    pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
        digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
    }

    pub(crate) fn sha512(bytes: &[u8]) -> Vec<u8> {
        digest::digest(&digest::SHA512, bytes).as_ref().to_vec()
    }
}

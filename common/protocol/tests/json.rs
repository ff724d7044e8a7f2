//! The JSON of every type, as snapshots: a change of the wire format is seen in review.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use insta::assert_snapshot;
use veracruz_policy::{FilePath, InstanceId, ParticipantName, PolicyHash, Sha256};
use veracruz_protocol::{
    APPROVAL_PURPOSE, ApprovalId, ApprovalStatement, ApprovalView, AttestationRequest,
    AttestationResponse, ComputationState, Content, CredentialRequest, CredentialResponse,
    ErrorCode, FailureClass, FileRole, FileView, Instances, Missing, Presence, Problem,
    ProgramDigest, ProgramState, RunOutcome, RunRequest, RunState, RunsView, StageFailure,
    StateTag, Status, UploadView, WithdrawalAnswer, WithdrawnWhen,
};

fn name(text: &str) -> ParticipantName {
    ParticipantName::parse(text).unwrap()
}

fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

fn statement() -> ApprovalStatement {
    ApprovalStatement {
        purpose: APPROVAL_PURPOSE.into(),
        policy: PolicyHash::from_bytes([1; 32]),
        participant: name("acme"),
        instances: Instances::These(vec![InstanceId::from_bytes([2; 32])]),
        programs: vec![ProgramDigest {
            path: path("/program/psi.wasm"),
            sha256: Sha256::from_bytes([3; 32]),
        }],
        nbf: 1_700_000_000,
        exp: 1_700_086_400,
        iat: 1_700_000_000,
        jti: ApprovalId::from_random(&[4; 16]),
    }
}

fn status() -> Status {
    Status {
        state: ComputationState::Awaiting,
        policy: PolicyHash::from_bytes([1; 32]),
        instance: InstanceId::from_bytes([2; 32]),
        you: name("acme"),
        tag: StateTag(17),
        runs: RunsView {
            allowed: 2,
            started: 1,
        },
        missing: vec![
            Missing::Approval {
                participant: name("globex"),
            },
            Missing::File {
                path: path("/input/globex.csv"),
                provider: name("globex"),
            },
            Missing::Compilation {
                path: path("/program/psi.wasm"),
            },
        ],
        approvals: vec![
            ApprovalView {
                participant: name("acme"),
                required: true,
                withdrawal: None,
                statement: Some("e30.e30.AA".into()),
            },
            ApprovalView {
                participant: name("globex"),
                required: true,
                withdrawal: Some(WithdrawalAnswer {
                    withdrawn: WithdrawnWhen::DuringRun,
                    run: Some(1),
                }),
                statement: None,
            },
        ],
        files: vec![
            FileView {
                path: path("/input/acme.csv"),
                role: FileRole::Input,
                provider: Some(name("acme")),
                presence: Presence::Absent,
                content: None,
                upload: Some(UploadView {
                    offset: 5,
                    length: 10,
                    active: false,
                }),
                program: None,
                refusal: None,
            },
            FileView {
                path: path("/program/psi.wasm"),
                role: FileRole::Program,
                provider: Some(name("acme")),
                presence: Presence::Present,
                content: Some(Content {
                    length: 7,
                    sha256: Sha256::from_bytes([3; 32]),
                }),
                upload: None,
                program: Some(ProgramState::Refused),
                refusal: Some("the import env.socket is not known".into()),
            },
            FileView {
                path: path("/output/overlap.csv"),
                role: FileRole::Output,
                provider: None,
                presence: Presence::Hidden,
                content: None,
                upload: None,
                program: None,
                refusal: None,
            },
        ],
        run: Some(run()),
    }
}

fn run() -> RunState {
    RunState {
        run: 1,
        outcome: RunOutcome::Failed,
        failure: Some(StageFailure {
            stage: Some(2),
            class: FailureClass::Time,
            exit_code: None,
            reason: Some("the limit `time` of 1000 ms was exceeded".into()),
        }),
        started_by: name("lab"),
        outputs: vec![path("/output/overlap.csv")],
        receipt: true,
        quorum: None,
    }
}

/// The JSON of a value, after showing that it comes back.
fn json<T>(value: &T) -> String
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let text = serde_json::to_string_pretty(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value);
    text
}

#[test]
fn approval_statement() {
    assert_snapshot!("approval_statement", json(&statement()));
    let any = ApprovalStatement {
        instances: Instances::Any,
        programs: vec![],
        ..statement()
    };
    assert_snapshot!("approval_statement_any", json(&any));
}

#[test]
fn status_document() {
    assert_snapshot!("status", json(&status()));
}

#[test]
fn small_documents() {
    assert_snapshot!(
        "attestation_request",
        json(&AttestationRequest { nonce: [9; 32] })
    );
    assert_snapshot!(
        "attestation_response",
        json(&AttestationResponse {
            evidence: vec![1, 2, 3]
        })
    );
    assert_snapshot!(
        "credential_request",
        json(&CredentialRequest {
            credential_blob: vec![1; 68],
            secret: vec![2; 256]
        })
    );
    assert_snapshot!(
        "credential_response",
        json(&CredentialResponse { answer: [3; 64] })
    );
    assert_snapshot!("run_request", json(&RunRequest {}));
    assert_snapshot!("run_state", json(&run()));
    let withdrawal = WithdrawalAnswer {
        withdrawn: WithdrawnWhen::BeforeRun,
        run: None,
    };
    assert_snapshot!("withdrawal", json(&withdrawal));
    let problem = Problem::new(ErrorCode::PinMismatch)
        .detail("/input/acme.csv")
        .expected("00ff")
        .found("ff00");
    assert_snapshot!("problem", json(&problem));
}

#[test]
fn requests_refuse_unknown_and_duplicate_members() {
    assert!(serde_json::from_str::<RunRequest>(r#"{"force":true}"#).is_err());
    let nonce = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk";
    let good = format!(r#"{{"nonce":"{nonce}"}}"#);
    assert!(serde_json::from_str::<AttestationRequest>(&good).is_ok());
    for bad in [
        format!(r#"{{"nonce":"{nonce}","more":1}}"#),
        format!(r#"{{"nonce":"{nonce}","nonce":"{nonce}"}}"#),
        format!(r#"{{"nonce":"{nonce}="}}"#),
        format!(r#"{{"nonce":"{nonce}CQ"}}"#),
        r#"{"nonce":""}"#.into(),
        "{}".into(),
    ] {
        assert!(
            serde_json::from_str::<AttestationRequest>(&bad).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn statements_refuse_what_is_out_of_bounds() {
    let good = serde_json::to_value(statement()).unwrap();
    let with = |member: &str, value: serde_json::Value| {
        let mut document = good.clone();
        document[member] = value;
        serde_json::from_value::<ApprovalStatement>(document)
    };
    assert!(with("nbf", 1.into()).is_ok());
    assert!(with("more", 1.into()).is_err());
    assert!(with("nbf", 1.5.into()).is_err());
    assert!(with("jti", "short".into()).is_err());
    assert!(with("jti", "x".repeat(65).into()).is_err());
    assert!(with("instances", "all".into()).is_err());
    assert!(with("instances", serde_json::json!([])).is_err());
    let instance = InstanceId::from_bytes([2; 32]).to_string();
    assert!(with("instances", serde_json::json!([instance, instance])).is_err());
    let many: Vec<String> = (0..65)
        .map(|n| InstanceId::from_bytes([n; 32]).to_string())
        .collect();
    assert!(with("instances", serde_json::json!(many)).is_err());
    assert!(with("instances", serde_json::json!(many[..64])).is_ok());
    let program = &good["programs"][0];
    assert!(with("programs", serde_json::json!([program, program])).is_err());
    assert!(with("participant", "Acme".into()).is_err());
    assert!(
        with(
            "policy",
            PolicyHash::from_bytes([1; 32])
                .to_string()
                .to_uppercase()
                .into()
        )
        .is_err()
    );
}

//! Receipts as the fake isolate would give them.

use p256::ecdsa::SigningKey;
use veracruz_client::{PolicyHash, ReceiptPayload, Sha256};
use veracruz_evidence::sw_rot::{self, Measured, SwRotClaims};
use veracruz_evidence::{Evidence, ReportData};
use veracruz_policy::ParticipantName;
use veracruz_receipt::{Commitment, Outcome, Resources, UnsignedReceipt};

use super::{Fake, PROGRAM, World, path, runtime};

/// What came out of the fake's runs, and the salt of the commitment to it.
pub(crate) const RESULT: &[u8] = b"the result";
pub(crate) const SALT: [u8; 32] = [5; 32];

/// A finished run of the world's policy, with made-up approvals and inputs.
pub(crate) fn payload(world: &World, fake: &Fake) -> ReceiptPayload {
    let name = |name: &str| ParticipantName::parse(name).unwrap();
    let approval = Sha256::of(b"an approval");
    ReceiptPayload {
        policy: world.policy.hash(),
        instance: fake.instance(),
        run: 1,
        outcome: Outcome::Finished,
        measurement: runtime().into(),
        approvals: [(name("acme"), approval), (name("globex"), approval)].into(),
        programs: [(path("/program/p.wasm"), Sha256::of(PROGRAM))].into(),
        inputs: [path("/input/acme"), path("/input/globex")]
            .map(|input| (input, Commitment::to(&[1; 32], &Sha256::of(b"x"))))
            .into(),
        outputs: [(
            path("/output/result"),
            Commitment::to(&SALT, &Sha256::of(RESULT)),
        )]
        .into(),
        randomness: Commitment::to_randomness(&[3; 32]),
        resources: Resources::rounded(1, 1, 1),
        quorum: None,
    }
}

/// Signs it as the fake, with evidence of the world's attester.
pub(crate) fn issue(payload: &ReceiptPayload, world: &World, fake: &Fake) -> Vec<u8> {
    issue_with(payload, fake, |report_data| {
        vouched(&world.attester, report_data, payload.policy)
    })
}

/// Signs it as the fake, with other evidence.
pub(crate) fn issue_with(
    payload: &ReceiptPayload,
    fake: &Fake,
    evidence: impl FnOnce(ReportData) -> Evidence,
) -> Vec<u8> {
    let unsigned = UnsignedReceipt::new(payload, fake.identity.spki()).unwrap();
    let evidence = evidence(unsigned.report_data());
    let signature = fake.identity.sign_es256(&unsigned.to_be_signed()).unwrap();
    unsigned.finish(&signature, evidence).unwrap().encode()
}

fn vouched(attester: &SigningKey, report_data: ReportData, policy: PolicyHash) -> Evidence {
    let claims = SwRotClaims {
        report_data,
        measured: Measured::Runtime(runtime()),
        launch_policy: policy,
    };
    sw_rot::sign(&claims, attester)
}

//! What a runtime says of the versions of the protocol that it speaks.

use veracruz_policy::Policy;
use veracruz_session::Identity;
use veracruz_tests::{Raw, World};

#[tokio::test]
async fn a_runtime_names_its_versions_with_every_answer_and_refuses_others_by_their_number() {
    let Some(world) = World::start() else { return };
    let path = world.policy("versions", |_| {});
    world.launch(&path).expect("an isolate");
    let policy = Policy::parse(&std::fs::read(&path).unwrap()).unwrap();
    let acme = Identity::from_pem(&std::fs::read(&world.acme.identity).unwrap()).unwrap();
    let mut raw = Raw::connect(world.deployment.participants, &policy.hash(), &acme)
        .await
        .unwrap();
    let cases = [
        ("GET /v1/policy", 200),
        ("GET /v1/nothing", 404),
        ("GET /v2/policy", 404),
    ];
    for (request, status) in cases {
        let answer = raw.request(request, "", b"").await.unwrap();
        assert_eq!(answer.status, status, "{request}");
        let head = answer.head.to_lowercase();
        assert!(head.contains("\r\nveracruz-versions: 1\r\n"), "{head}");
        if request.contains("/v2/") {
            let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!(problem["code"], "VC-0930");
            assert_eq!(
                (&problem["expected"], &problem["found"]),
                (&"1".into(), &"2".into())
            );
        }
    }
}

//! The host survives the death of an isolate, and says so.

use std::ffi::OsStr;
use veracruz_tests::{World, kill_isolates, refusal};

#[test]
fn the_death_of_an_isolate_is_noticed_said_and_harms_no_other() {
    let Some(world) = World::start() else { return };
    let (first, second) = (
        world.policy("first", |_| {}),
        world.policy("second", |_| {}),
    );
    world.launch(&first).expect("an isolate");
    kill_isolates(&world.deployment.attester_socket);
    world.launch(&second).expect("another isolate");

    let management = world.deployment.management.to_string();
    let more = [OsStr::new("--management"), OsStr::new(&management)];
    let status = world
        .acme
        .call(&world.target(&first), &["status"], &more)
        .expect("the host's word");
    assert_eq!(
        (&status["state"], &status["said_by"]),
        (&"lost".into(), &"host".into())
    );
    let refused = refusal(world.acme.call(&world.target(&first), &["status"], &[]));
    assert_eq!(refused.exit, Some(6), "{refused}");

    world
        .acme
        .call(&world.target(&second), &["attest"], &[])
        .expect("the other one lives");
}

//! Landlock: no file, no TCP port, no abstract socket, no signal outside, whatever else fails.

use landlock::{
    ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetError, RulesetStatus, Scope,
};

use crate::wire::Landlock;

/// What this attester asks for; an older kernel enforces what it knows of it.
const WANTED: ABI = ABI::V9;

/// Locks this process and its descendants: all rights are handled, and no rule grants any.
pub(super) fn lock() -> Result<Landlock, RulesetError> {
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(WANTED))?
        .handle_access(AccessNet::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?
        .create()?
        .restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Landlock::Full,
        RulesetStatus::PartiallyEnforced => Landlock::Partial,
        RulesetStatus::NotEnforced => Landlock::None,
    })
}

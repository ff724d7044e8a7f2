//! Resource limits of an isolate's processes.

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Limits;

/// Sets soft and hard limits alike; nobody inside can raise them again.
pub(super) fn limit(limits: &Limits) -> Result<(), Errno> {
    let wanted = [
        (Resource::Data, limits.memory),
        (Resource::Fsize, limits.file_bytes),
        (Resource::Nproc, limits.processes.into()),
        (Resource::Nofile, limits.descriptors.into()),
        (Resource::Memlock, limits.locked),
        // No core dumps: they would hold what the parties sent.
        (Resource::Core, 0),
        (Resource::Msgqueue, 0),
        (Resource::Nice, 0),
        (Resource::Rtprio, 0),
        (Resource::Sigpending, 4096),
    ];
    for (resource, wanted) in wanted {
        // Where the attester itself has less, so has the isolate.
        let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let value = Some(wanted.min(most));
        setrlimit(
            resource,
            Rlimit {
                current: value,
                maximum: value,
            },
        )?;
    }
    Ok(())
}

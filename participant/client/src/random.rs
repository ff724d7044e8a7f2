//! Randomness of the operating system.

use zeroize::Zeroizing;

use crate::error::Error;

/// Fresh secret bytes.
pub(crate) fn secret<const N: usize>() -> Result<Zeroizing<[u8; N]>, Error> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|error| Error::Machine {
        reason: format!("no randomness: {error}"),
    })?;
    Ok(bytes)
}

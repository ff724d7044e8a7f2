//! What a program is given: `wasi:cli/environment`, `wasi:random`.

use alloc::string::String;
use alloc::vec::Vec;

use chacha20::rand_core::Rng;

use super::{Interfaces, MOST_RANDOM_BYTES, Misuse};

impl Interfaces {
    /// The arguments, the program's name first.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        self.wasi
            .args
            .iter()
            .map(|text| without_end(text))
            .collect()
    }

    /// Names and values.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let texts = self.wasi.env.iter().map(|text| without_end(text));
        texts
            .filter_map(|text| {
                let (name, value) = text.split_once('=')?;
                Some((name.into(), value.into()))
            })
            .collect()
    }

    /// The next bytes of ChaCha20 under the seed.
    ///
    /// # Errors
    /// [`Misuse::TooMuchRandomness`].
    pub fn random_bytes(&mut self, wanted: u64) -> Result<Vec<u8>, Misuse> {
        let len = usize::try_from(wanted).ok();
        let len = len.filter(|_| wanted <= MOST_RANDOM_BYTES);
        let mut bytes = alloc::vec![0; len.ok_or(Misuse::TooMuchRandomness { wanted })?];
        self.wasi.random.fill_bytes(&mut bytes);
        Ok(bytes)
    }

    /// The same as a number.
    pub fn random_u64(&mut self) -> u64 {
        self.wasi.random.next_u64()
    }
}

/// A text as preview 1 keeps it, without the zero byte at its end. They were made of strings.
fn without_end(text: &[u8]) -> String {
    String::from_utf8_lossy(text.strip_suffix(b"\0").unwrap_or(text)).into()
}

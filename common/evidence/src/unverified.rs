//! The mark of what nobody has judged yet.

/// A value that was parsed but not verified: its shape is right, its content may be a lie.
///
/// There is no way out of it but [`Unverified::peek`], whose name is there to be seen in a
/// review. Verification gives a value of another type (`Appraised`, in `veracruz-appraisal`).
#[derive(Clone, Debug)]
pub struct Unverified<T>(T);

impl<T> Unverified<T> {
    /// Marks a freshly parsed value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Looks at the claimed content: to verify it or to show it as a claim, never to act on it.
    pub const fn peek(&self) -> &T {
        &self.0
    }
}

//! Lower-case hexadecimal, for `Debug` and `Display` of short fixed-size values.

use core::fmt;

/// Writes `bytes` in lower-case hexadecimal.
pub(crate) fn write(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

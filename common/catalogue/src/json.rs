//! A code in JSON is its text.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::ErrorCode;

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

/// Reads the text without keeping it.
struct Text;

impl de::Visitor<'_> for Text {
    type Value = ErrorCode;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an error code")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ErrorCode, E> {
        // What came is not repeated: it may have any length and any character.
        let other = de::Unexpected::Other("another code");
        ErrorCode::parse(text).ok_or_else(|| E::invalid_value(other, &self))
    }
}

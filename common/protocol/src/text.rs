//! How values stand in JSON: names, hashes and paths in their text form, bytes in base64url, and
//! a bound on every string and list before it is kept.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
};
use veracruz_policy::{FilePath, InstanceId, IsolateKind, ParticipantName, PolicyHash, Sha256};

use crate::limits;

/// A value with one text form, which is read strictly.
pub(crate) trait TextForm: Sized {
    const EXPECTED: &'static str;
    const MAX_BYTES: usize;
    fn write(&self) -> String;
    fn read(text: &str) -> Option<Self>;
}

macro_rules! text_forms {
    ($($type:ty, $read:expr, $max:literal, $expected:literal;)*) => {$(
        impl TextForm for $type {
            const EXPECTED: &'static str = $expected;
            const MAX_BYTES: usize = $max;
            fn write(&self) -> String {
                self.to_string()
            }
            fn read(text: &str) -> Option<Self> {
                $read(text).ok()
            }
        }
    )*};
}

text_forms! {
    PolicyHash, str::parse, 52, "a policy hash: 52 characters of lower-case base32";
    InstanceId, str::parse, 52, "an instance: 52 characters of lower-case base32";
    Sha256, str::parse, 64, "a SHA-256: 64 lower-case hexadecimal digits";
    ParticipantName, ParticipantName::parse, 63, "a participant's name";
    FilePath, FilePath::parse, 4096, "a canonical absolute path";
    IsolateKind, kind, 16, "a kind of isolate";
}

fn kind(name: &str) -> Result<IsolateKind, ()> {
    IsolateKind::from_name(name).ok_or(())
}

/// JSON of one of our own types, on one line.
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    // Serialising strings, numbers, lists and structs of them into memory has no way to fail.
    serde_json::to_string(value).unwrap_or_default()
}

/// A [`TextForm`] as an element of a list.
pub(crate) struct Form<T>(pub(crate) T);

impl<'de, T: TextForm> Deserialize<'de> for Form<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        form::deserialize(deserializer).map(Self)
    }
}

/// For `#[serde(with)]` on a [`TextForm`].
pub(crate) mod form {
    use super::{Deserializer, FormVisitor, PhantomData, Serializer, TextForm};

    pub(crate) fn serialize<T: TextForm, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.write())
    }

    pub(crate) fn deserialize<'de, T: TextForm, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        deserializer.deserialize_str(FormVisitor(PhantomData))
    }
}

/// For `#[serde(with)]` on an optional [`TextForm`].
pub(crate) mod optional_form {
    use super::{Deserialize, Deserializer, Form, Serializer, TextForm};

    pub(crate) fn serialize<T: TextForm, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.serialize_some(&value.write()),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T: TextForm, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        Ok(Option::<Form<T>>::deserialize(deserializer)?.map(|form| form.0))
    }
}

/// For `#[serde(with)]` on a list of [`TextForm`]s.
pub(crate) mod forms {
    use super::{Deserializer, Form, Serializer, TextForm, Vec, list};

    pub(crate) fn serialize<T: TextForm, S: Serializer>(
        values: &[T],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(TextForm::write))
    }

    pub(crate) fn deserialize<'de, T: TextForm, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<T>, D::Error> {
        Ok(list::<Form<T>, 65_536, D>(deserializer)?
            .into_iter()
            .map(|form| form.0)
            .collect())
    }
}

/// Bytes as base64url without padding, for `#[serde(serialize_with)]`.
pub(crate) fn write_base64<S: Serializer>(
    value: &impl AsRef<[u8]>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&data_encoding::BASE64URL_NOPAD.encode(value.as_ref()))
}

/// At most `MAX` bytes in base64url without padding.
pub(crate) fn read_base64<'de, const MAX: usize, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<u8>, D::Error> {
    let text = deserializer.deserialize_str(BoundedVisitor(MAX.div_ceil(3).saturating_mul(4)))?;
    data_encoding::BASE64URL_NOPAD
        .decode(text.as_bytes())
        .ok()
        .filter(|bytes| bytes.len() <= MAX)
        .ok_or_else(|| {
            de::Error::custom(format_args!(
                "expected at most {MAX} bytes in base64url without padding"
            ))
        })
}

/// `SIZE` bytes in base64url without padding.
pub(crate) fn read_base64_exactly<'de, const SIZE: usize, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<[u8; SIZE], D::Error> {
    let bytes = read_base64::<SIZE, D>(deserializer)?;
    bytes.try_into().map_err(|_| {
        de::Error::custom(format_args!(
            "expected {SIZE} bytes in base64url without padding"
        ))
    })
}

/// A string of at most `MAX` bytes.
pub(crate) fn bounded<'de, const MAX: usize, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    deserializer.deserialize_str(BoundedVisitor(MAX))
}

/// The text without control characters, no longer than a field of a problem may be.
pub(crate) fn cut(value: &impl fmt::Display) -> String {
    let mut out = String::new();
    for character in value.to_string().chars() {
        let character = if character.is_control() {
            ' '
        } else {
            character
        };
        if out.len().saturating_add(character.len_utf8()) > limits::PROBLEM_FIELD_BYTES {
            break;
        }
        out.push(character);
    }
    out
}

/// An optional string of at most `MAX` bytes.
pub(crate) fn optional_bounded<'de, const MAX: usize, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    struct Bounded<const MAX: usize>(String);
    impl<'de, const MAX: usize> Deserialize<'de> for Bounded<MAX> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            bounded::<MAX, D>(deserializer).map(Self)
        }
    }
    Ok(Option::<Bounded<MAX>>::deserialize(deserializer)?.map(|text| text.0))
}

/// A list of at most `MAX` elements.
pub(crate) fn list<'de, T: Deserialize<'de>, const MAX: usize, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_seq(ListVisitor::<T, MAX>(PhantomData))
}

struct FormVisitor<T>(PhantomData<T>);

impl<T: TextForm> Visitor<'_> for FormVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(T::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        let value = if text.len() <= T::MAX_BYTES {
            T::read(text)
        } else {
            None
        };
        value.ok_or_else(|| E::invalid_value(de::Unexpected::Other("another string"), &self))
    }
}

/// With the most bytes.
struct BoundedVisitor(usize);

impl Visitor<'_> for BoundedVisitor {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a string of at most {} bytes", self.0)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        if text.len() > self.0 {
            return Err(E::invalid_length(text.len(), &self));
        }
        Ok(text.into())
    }
}

struct ListVisitor<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for ListVisitor<T, MAX> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a list of at most {MAX} entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            if list.len() == MAX {
                return Err(de::Error::invalid_length(MAX.saturating_add(1), &self));
            }
            list.push(item);
        }
        Ok(list)
    }
}

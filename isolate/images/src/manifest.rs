//! `image.json`: what an image is, and the digest of each of its files.

use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use veracruz_policy::Sha256;

use crate::files::{self, Part};
use crate::{Architecture, CommandLine, ImageError, ImageKind};

pub(crate) const FILE: &str = "image.json";
const PART: &str = "image.json";
const VERSION: u32 = 1;
const MAX_BYTES: u64 = 16 << 10;

/// The document. Fields that this version does not know are refused: they could mean anything.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    #[serde(rename = "veracruz-image")]
    version: u32,
    pub(crate) kind: ImageKind,
    pub(crate) architecture: Architecture,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command_line: Option<String>,
    sha256: Files,
}

/// The digest of each file that is there.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Files {
    #[serde(default, with = "hex", skip_serializing_if = "Option::is_none")]
    pub(crate) runtime: Option<Sha256>,
    #[serde(
        rename = "kernel.elf",
        default,
        with = "hex",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) kernel_elf: Option<Sha256>,
    #[serde(
        rename = "kernel.bzimage",
        default,
        with = "hex",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) kernel_bzimage: Option<Sha256>,
    #[serde(
        rename = "kernel.image",
        default,
        with = "hex",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) kernel_image: Option<Sha256>,
    #[serde(default, with = "hex", skip_serializing_if = "Option::is_none")]
    pub(crate) initramfs: Option<Sha256>,
    #[serde(
        rename = "image.eif",
        default,
        with = "hex",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) image_eif: Option<Sha256>,
}

impl Files {
    /// Every name, and the digest where the image has that file.
    const fn all(&self) -> [(&'static str, Option<Sha256>); 6] {
        [
            ("runtime", self.runtime),
            ("kernel.elf", self.kernel_elf),
            ("kernel.bzimage", self.kernel_bzimage),
            ("kernel.image", self.kernel_image),
            ("initramfs", self.initramfs),
            ("image.eif", self.image_eif),
        ]
    }
}

impl Manifest {
    pub(crate) fn new(
        kind: ImageKind,
        architecture: Architecture,
        command_line: Option<&CommandLine>,
        sha256: Files,
    ) -> Self {
        Self {
            version: VERSION,
            kind,
            architecture,
            command_line: command_line.map(ToString::to_string),
            sha256,
        }
    }

    /// Makes the folder, which must not be there, and puts the document into it.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), ImageError> {
        std::fs::create_dir(folder).map_err(|error| ImageError::file(folder, error))?;
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        files::write_new(&folder.join(FILE), &text, false)
    }

    pub(crate) fn read(folder: &Path) -> Result<Self, ImageError> {
        let bytes = files::read(&folder.join(FILE), PART, MAX_BYTES)?;
        let manifest: Self = serde_json::from_slice(&bytes)?;
        if manifest.version != VERSION {
            return Err(ImageError::differs(
                "veracruz-image in image.json",
                VERSION,
                manifest.version,
            ));
        }
        let expected = manifest.kind.files(manifest.architecture);
        for (name, digest) in manifest.sha256.all() {
            if digest.is_some() != expected.contains(&name) {
                let found = manifest
                    .sha256
                    .all()
                    .map(|(name, digest)| digest.map(|_| name));
                let found: Vec<_> = found.into_iter().flatten().collect();
                return Err(ImageError::differs(
                    "files in image.json",
                    expected.join(", "),
                    found.join(", "),
                ));
            }
        }
        Ok(manifest)
    }

    /// Reads a file of the image, and compares it with its digest.
    pub(crate) fn part(
        &self,
        folder: &Path,
        name: &'static str,
        limit: u64,
    ) -> Result<Part, ImageError> {
        let listed = self
            .sha256
            .all()
            .into_iter()
            .find(|(file, _)| *file == name);
        let expected = listed
            .and_then(|(_, digest)| digest)
            .ok_or_else(|| ImageError::differs("files in image.json", name, "none of that name"))?;
        let part = Part::new(files::read(&folder.join(name), name, limit)?);
        if part.sha256() != expected {
            return Err(ImageError::Digest {
                file: name,
                expected,
                found: part.sha256(),
            });
        }
        Ok(part)
    }

    pub(crate) fn command_line(&self) -> Result<CommandLine, ImageError> {
        let missing = || ImageError::differs("command_line in image.json", "text", "nothing");
        CommandLine::parse(self.command_line.as_deref().ok_or_else(missing)?)
    }

    /// Refuses an image of another kind.
    pub(crate) fn is(&self, expected: ImageKind) -> Result<(), ImageError> {
        if self.kind == expected {
            return Ok(());
        }
        Err(ImageError::differs("kind of image", expected, self.kind))
    }

    /// Refuses a part for another architecture than the manifest says.
    pub(crate) fn is_for(&self, found: Architecture) -> Result<(), ImageError> {
        if found == self.architecture {
            return Ok(());
        }
        Err(ImageError::differs(
            "architecture",
            self.architecture,
            found,
        ))
    }
}

/// Digests as the project writes them: lower-case hexadecimal, one spelling each.
mod hex {
    use super::{Deserialize, Deserializer, Serializer, Sha256};

    pub(super) fn serialize<S: Serializer>(
        digest: &Option<Sha256>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match digest {
            Some(digest) => serializer.collect_str(digest),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Sha256>, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Some).map_err(serde::de::Error::custom)
    }
}

//! Which local files are uploaded to where.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use veracruz_policy::{FilePath, ParticipantName, Policy};

use super::PlanError;
use super::assignment::{Assignment, Kind};
use super::folder::{list, stays_below};
use super::mapping::Mapping;
use crate::connection::{check_length, check_provider};
use crate::error::Error;

/// What is uploaded, checked as far as that is possible without reading it.
#[derive(Clone, Debug)]
pub struct UploadPlan {
    /// Each file of the policy once, in the policy's order within each assignment.
    pub files: Vec<PlannedUpload>,
    /// Files that the policy has the caller provide, that the folders and patterns cover, and that
    /// are not there; and where they would be.
    pub missing: Vec<(FilePath, PathBuf)>,
    /// Local files in the folders that belong to no such file of the policy.
    pub unknown: Vec<PathBuf>,
}

/// One upload.
#[derive(Clone, Debug)]
pub struct PlannedUpload {
    /// The file of the policy.
    pub path: FilePath,
    /// Where its contents come from.
    pub from: Origin,
    /// How long it is; a stream says so at its end.
    pub length: Option<u64>,
    /// Whether the policy fixes its contents.
    pub pinned: bool,
    /// What the policy allows.
    pub max_bytes: u64,
}

/// Where the contents of an upload come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file that can be read twice.
    File(PathBuf),
    /// A pipe or a device, which is read once.
    Stream(PathBuf),
    /// The standard input.
    StandardInput,
}

impl UploadPlan {
    /// Works out what `assignments` mean for the participant `me`.
    ///
    /// # Errors
    /// All that is wrong at once, as [`Error::Several`]: [`Error::FileUnknown`],
    /// [`Error::NotProvider`], [`Error::FileTooLarge`], [`Error::File`], [`Error::Plan`].
    pub fn make(
        policy: &Policy,
        me: &ParticipantName,
        assignments: &[Assignment],
    ) -> Result<Self, Error> {
        let mut planning = Planning {
            policy,
            me,
            plan: Self {
                files: Vec::new(),
                missing: Vec::new(),
                unknown: Vec::new(),
            },
            errors: Vec::new(),
        };
        for assignment in assignments {
            planning.add(assignment);
        }
        let Planning { plan, errors, .. } = planning;
        Error::of_all(errors)?;
        Ok(plan)
    }

    /// The bytes of all files whose length is known.
    pub fn bytes(&self) -> u64 {
        let lengths = self.files.iter().filter_map(|file| file.length);
        lengths.fold(0, u64::saturating_add)
    }
}

struct Planning<'a> {
    policy: &'a Policy,
    me: &'a ParticipantName,
    plan: UploadPlan,
    errors: Vec<Error>,
}

impl Planning<'_> {
    fn add(&mut self, assignment: &Assignment) {
        match &assignment.kind {
            Kind::One(path, local) => self.one(path, local, None),
            Kind::Stream(path) => self.file(path, Origin::StandardInput, None),
            Kind::Many(mapping) => self.many(assignment, mapping),
        }
    }

    /// Every file of the caller's that is covered, at its place.
    fn many(&mut self, assignment: &Assignment, mapping: &Mapping) {
        let folder = &mapping.folder();
        if !folder.is_dir() {
            let expected = "a folder";
            let path = folder.clone();
            self.errors.push(PlanError::Kind { path, expected }.into());
            return;
        }
        let policy = self.policy;
        let mine = policy
            .files()
            .iter()
            .filter(|file| file.provider.as_ref() == Some(self.me));
        let mine = mine.filter_map(|file| Some((file, mapping.place(&file.path)?)));
        let mine: Vec<_> = mine.collect();
        let (mut used, mut found, errors) = (BTreeSet::new(), false, self.errors.len());
        let none = mine.is_empty();
        for (file, place) in mine {
            match place {
                Err(error) => self.errors.push(error.into()),
                Ok(local) if local.symlink_metadata().is_err() => {
                    self.plan.missing.push((file.path.clone(), local));
                }
                Ok(local) => {
                    found = true;
                    self.one(&file.path, &local, Some(folder));
                    used.insert(local);
                }
            }
        }
        if !found && self.errors.len() == errors {
            self.errors.push(
                PlanError::Nothing {
                    assignment: assignment.to_string(),
                    reason: if none {
                        "the policy has you provide no file there"
                    } else {
                        "none of the files that you provide is there"
                    },
                }
                .into(),
            );
        }
        let unknown = list(folder).into_iter().filter(|path| !used.contains(path));
        self.plan.unknown.extend(unknown);
    }

    /// One local file; of a folder where it was found in one.
    fn one(&mut self, path: &FilePath, local: &Path, folder: Option<&Path>) {
        let metadata = match fs::metadata(local) {
            Ok(metadata) => metadata,
            Err(error) => return self.errors.push(Error::file(local, "open")(error)),
        };
        if let Some(Err(error)) = folder.map(|folder| stays_below(folder, local)) {
            return self.errors.push(error);
        }
        if metadata.is_dir() {
            let expected = "a file; for a folder write /FOLDER/=FOLDER/";
            let path = local.to_owned();
            return self.errors.push(PlanError::Kind { path, expected }.into());
        }
        if metadata.is_file() {
            self.file(path, Origin::File(local.into()), Some(metadata.len()));
        } else {
            self.file(path, Origin::Stream(local.into()), None);
        }
    }

    fn file(&mut self, path: &FilePath, from: Origin, length: Option<u64>) {
        let checked = check_provider(self.policy, self.me, path)
            .and_then(|()| check_length(self.policy, path, length.unwrap_or(0)));
        if let Err(error) = checked {
            return self.errors.push(error);
        }
        let Some(file) = self.policy.file(path) else {
            return;
        };
        let mut others = self.plan.files.iter();
        if others.any(|other| other.path == *path) {
            let path = path.clone();
            return self.errors.push(PlanError::Twice { path }.into());
        }
        let mut others = self.plan.files.iter();
        if from == Origin::StandardInput && others.any(|other| other.from == from) {
            return self.errors.push(PlanError::OneStream.into());
        }
        self.plan.files.push(PlannedUpload {
            path: path.clone(),
            from,
            length,
            pinned: file.is_pinned(),
            max_bytes: file.max_bytes,
        });
    }
}

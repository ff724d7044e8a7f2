//! Which files are downloaded to where.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use veracruz_policy::{FilePath, ParticipantName, Policy};
use veracruz_protocol::{Content, Presence, Status};

use super::PlanError;
use super::assignment::{Assignment, Kind};
use super::folder::{below, way_to};
use super::mapping::Mapping;
use crate::connection::refuse_existing;
use crate::error::Error;

/// What is downloaded: checked against what is on the disk already.
#[derive(Clone, Debug)]
pub struct DownloadPlan {
    /// Each file of the policy once.
    pub files: Vec<PlannedDownload>,
    /// Files for the caller that folders and patterns cover and that are not there yet.
    pub absent: Vec<FilePath>,
}

/// One download.
#[derive(Clone, Debug)]
pub struct PlannedDownload {
    /// The file of the policy.
    pub path: FilePath,
    /// Where it goes.
    pub to: Destination,
    /// Its length and digest, as far as the isolate's status says.
    pub content: Option<Content>,
}

/// Where a download goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To a file.
    File {
        /// The file.
        path: PathBuf,
        /// The folder below which it has to be; the folders between are made.
        below: Option<PathBuf>,
    },
    /// To the standard output.
    StandardOutput,
}

impl DownloadPlan {
    /// Works out what `assignments` mean for the participant `me`. A `status` is needed where one
    /// of them is a folder or a pattern: without it nothing of those is there.
    ///
    /// # Errors
    /// All that is wrong at once, as [`Error::Several`]: [`Error::DestinationExists`] unless
    /// `overwrite` is set, [`Error::Plan`].
    pub fn make(
        policy: &Policy,
        me: &ParticipantName,
        assignments: &[Assignment],
        status: Option<&Status>,
        overwrite: bool,
    ) -> Result<Self, Error> {
        let mut planning = Planning {
            policy,
            me,
            status,
            overwrite,
            plan: Self {
                files: Vec::new(),
                absent: Vec::new(),
            },
            errors: Vec::new(),
            taken: BTreeSet::new(),
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
        let contents = self.files.iter().filter_map(|file| file.content);
        contents.fold(0, |sum, content| sum.saturating_add(content.length))
    }
}

impl PlannedDownload {
    /// Makes the folders on the way, for a file of a folder.
    ///
    /// # Errors
    /// [`PlanError::LeadsOut`], [`Error::File`].
    pub fn make_way(&self) -> Result<(), Error> {
        match &self.to {
            Destination::File {
                path,
                below: Some(folder),
            } => way_to(folder, path, true),
            _ => Ok(()),
        }
    }
}

struct Planning<'a> {
    policy: &'a Policy,
    me: &'a ParticipantName,
    status: Option<&'a Status>,
    overwrite: bool,
    plan: DownloadPlan,
    errors: Vec<Error>,
    taken: BTreeSet<PathBuf>,
}

impl Planning<'_> {
    fn add(&mut self, assignment: &Assignment) {
        match &assignment.kind {
            Kind::One(path, local) => {
                let folder = local.is_dir() || local.as_os_str().to_string_lossy().ends_with('/');
                if folder {
                    let name = path.as_str().rsplit('/').next().unwrap_or_default();
                    let place = below(local, name);
                    self.placed(path, local, place);
                } else {
                    let (path, below) = (path.clone(), None);
                    self.add_file(path, local.clone(), below);
                }
            }
            Kind::Stream(path) => self.add_output(path.clone()),
            Kind::Many(mapping) => self.many(assignment, mapping),
        }
    }

    fn many(&mut self, assignment: &Assignment, mapping: &Mapping) {
        let folder = &mapping.folder();
        let policy = self.policy;
        let mine = policy
            .files()
            .iter()
            .filter(|file| file.is_received_by(self.me));
        let mine = mine.filter_map(|file| Some((file, mapping.place(&file.path)?)));
        let mine: Vec<_> = mine.collect();
        let none = mine.is_empty();
        let mut present = false;
        for (file, place) in mine {
            if !self.is_there(&file.path) {
                self.plan.absent.push(file.path.clone());
                continue;
            }
            present = true;
            self.placed(&file.path, folder, place);
        }
        let assignment = assignment.to_string();
        if none {
            let reason = "the policy has you receive no file there";
            let nothing = PlanError::Nothing { assignment, reason };
            self.errors.push(nothing.into());
        } else if !present {
            let nothing = PlanError::NothingYet { assignment };
            self.errors.push(nothing.into());
        }
    }

    fn placed(&mut self, path: &FilePath, folder: &Path, place: Result<PathBuf, PlanError>) {
        match place {
            Ok(local) => self.add_file(path.clone(), local, Some(folder.to_owned())),
            Err(error) => self.errors.push(error.into()),
        }
    }

    fn add_file(&mut self, path: FilePath, local: PathBuf, below: Option<PathBuf>) {
        let way = below
            .as_ref()
            .map_or(Ok(()), |folder| way_to(folder, &local, false));
        let checked = way.and_then(|()| {
            if local.is_dir() {
                let expected = "a file";
                let path = local.clone();
                return Err(PlanError::Kind { path, expected }.into());
            }
            refuse_existing(&local, self.overwrite)
        });
        if let Err(error) = checked {
            return self.errors.push(error);
        }
        if !self.taken.insert(local.clone()) {
            let path = local;
            return self.errors.push(PlanError::OnePlace { path }.into());
        }
        self.push(path, Destination::File { path: local, below });
    }

    fn add_output(&mut self, path: FilePath) {
        let to = Destination::StandardOutput;
        let mut others = self.plan.files.iter();
        if others.any(|other| other.to == to) {
            return self.errors.push(PlanError::OneStream.into());
        }
        self.push(path, to);
    }

    fn push(&mut self, path: FilePath, to: Destination) {
        let mut others = self.plan.files.iter();
        if others.any(|other| other.path == path) {
            return self.errors.push(PlanError::Twice { path }.into());
        }
        let content = self.view(&path).and_then(|view| view.content);
        self.plan.files.push(PlannedDownload { path, to, content });
    }

    fn is_there(&self, path: &FilePath) -> bool {
        let view = self.view(path);
        view.is_some_and(|view| view.presence == Presence::Present)
    }

    fn view(&self, path: &FilePath) -> Option<&veracruz_protocol::FileView> {
        let files = &self.status?.files;
        files.iter().find(|view| view.path == *path)
    }
}

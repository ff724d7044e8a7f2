//! What every stage does with every file, looked up once for all checks.

use alloc::vec::Vec;

use crate::{File, Rights, policy::Content};

/// Rights in the order of stages, then of files. A file that takes what a stage prints counts as
/// one that the stage writes.
pub(crate) struct StageRights(Vec<Vec<Rights>>);

impl StageRights {
    pub(crate) fn of(content: &Content) -> Self {
        let of_stage = |stage: &crate::Stage| {
            let files = content.files.iter();
            let rights = files.map(|file| {
                let rights = stage.rights(&file.path);
                Rights {
                    write: rights.write || stage.prints_to(&file.path),
                    ..rights
                }
            });
            rights.collect()
        };
        Self(content.pipeline.iter().map(of_stage).collect())
    }

    /// Every file with the rights that stage `index` (from 0) has to it.
    pub(super) fn of_stage<'a>(
        &'a self,
        content: &'a Content,
        index: usize,
    ) -> impl Iterator<Item = (&'a File, Rights)> {
        let rights = self.0.get(index).map_or(&[][..], Vec::as_slice);
        content.files.iter().zip(rights.iter().copied())
    }

    /// The rights that any stage has to file `index` (from 0).
    pub(super) fn to_file(&self, index: usize) -> Rights {
        let rights = self.0.iter().filter_map(|stage| stage.get(index));
        rights.fold(Rights::NONE, |sum, rights| Rights {
            read: sum.read || rights.read,
            write: sum.write || rights.write,
        })
    }
}

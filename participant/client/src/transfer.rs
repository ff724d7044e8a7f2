//! Many files, one after the other or over several lines at once.

use std::fs::File;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, spawn_blocking};
use veracruz_policy::{FilePath, Policy};

use crate::connection::{
    DownloadOptions, Downloaded, Prepared, Provisioning, Source, Spool, Uploaded, check_contents,
    stopped, unfinished,
};
use crate::error::Error;
use crate::line::Line;
use crate::plan::{Destination, DownloadPlan, Origin, PlannedUpload, UploadPlan};

/// What is told while files are under way: which of the plan's, its bytes so far, and in all.
pub type Told<'a> = &'a (dyn Fn(usize, u64, u64) + Send + Sync);

/// A file that was downloaded.
#[derive(Debug)]
pub struct Fetched {
    /// What it is.
    pub downloaded: Downloaded,
    /// For the standard output: the contents, which nobody has seen yet.
    pub contents: Option<File>,
}

/// Uploads whose sources are being read ahead, several at a time, on threads of their own.
#[derive(Debug)]
pub struct Uploads {
    files: Vec<(FilePath, Mutex<Option<Preparing>>)>,
}

/// A source that is being read; it can be taken once.
type Preparing = JoinHandle<Result<Prepared, Error>>;

impl Uploads {
    /// Begins to read and hash the plan's files. Returns when those are known to be right whose
    /// contents the policy fixes, and all that comes from streams is here.
    ///
    /// # Errors
    /// [`Error::PinMismatch`], [`Error::FileTooLarge`] of streams, [`Error::File`], of all such
    /// files at once.
    pub async fn prepare(plan: &UploadPlan, policy: &Arc<Policy>) -> Result<Self, Error> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let permits = Arc::new(Semaphore::new(threads));
        let first = |file: &PlannedUpload| file.pinned || !matches!(file.from, Origin::File(_));
        let begin = |file: &PlannedUpload| {
            let (file, policy, permits) = (file.clone(), Arc::clone(policy), Arc::clone(&permits));
            tokio::spawn(async move {
                // Never closed.
                let _permit = permits.acquire().await;
                let prepared = source(&file).await?.prepare().await?;
                check_contents(&policy, &file.path, prepared.sha256(), prepared.length())?;
                Ok(prepared)
            })
        };
        let mut early = Vec::new();
        for file in plan.files.iter().filter(|file| first(file)) {
            early.push(begin(file));
        }
        let late: Vec<_> = plan
            .files
            .iter()
            .filter(|file| !first(file))
            .map(begin)
            .collect();
        let (mut ready, mut errors) = (Vec::new(), Vec::new());
        for task in early {
            match task.await.map_err(stopped)? {
                Ok(prepared) => ready.push(tokio::spawn(async { Ok(prepared) })),
                Err(error) => errors.push(error),
            }
        }
        Error::of_all(errors)?;
        let (mut ready, mut late) = (ready.into_iter(), late.into_iter());
        let files = plan.files.iter().map(|file| {
            let task = if first(file) {
                ready.next()
            } else {
                late.next()
            };
            (file.path.clone(), Mutex::new(task))
        });
        Ok(Self {
            files: files.collect(),
        })
    }

    /// What was read of the plan's file `index`, once it is; it can be had once.
    ///
    /// # Errors
    /// As [`Source::prepare`]; [`Error::FileTooLarge`] of a file that has grown.
    pub async fn prepared(&self, index: usize) -> Result<Prepared, Error> {
        let (_, task) = self.files.get(index).ok_or_else(unfinished)?;
        let task = task.lock().unwrap_or_else(PoisonError::into_inner).take();
        task.ok_or_else(unfinished)?.await.map_err(stopped)?
    }

    /// Uploads them over `lines`, each line one file at a time. What they come to is in the
    /// plan's order.
    ///
    /// # Errors
    /// The first that any of them meets, as [`Line::upload`]; what was committed by then stays.
    pub async fn send(
        &self,
        lines: Vec<Line>,
        provisioning: Provisioning<'_>,
        told: Told<'_>,
    ) -> Result<Vec<Uploaded>, Error> {
        let one = async |line: &mut Line, index: usize| {
            let (path, _) = self.files.get(index).ok_or_else(unfinished)?;
            let prepared = self.prepared(index).await?;
            let mut progress = |so_far, length| told(index, so_far, length);
            line.upload(path, &prepared, provisioning, &mut progress)
                .await
        };
        over(lines, self.files.len(), one).await
    }
}

/// Downloads the plan's files over `lines`, each line one file at a time.
///
/// # Errors
/// The first that any of them meets, as [`Line::download`]; what is in place by then stays.
pub async fn download_all(
    lines: Vec<Line>,
    plan: &DownloadPlan,
    options: DownloadOptions<'_>,
    told: Told<'_>,
) -> Result<Vec<Fetched>, Error> {
    let one = async |line: &mut Line, index: usize| {
        let file = plan.files.get(index).ok_or_else(unfinished)?;
        let mut progress = |so_far, length| told(index, so_far, length);
        match &file.to {
            Destination::File { path, .. } => {
                file.make_way()?;
                let downloaded = line
                    .download(&file.path, path, options, &mut progress)
                    .await?;
                Ok(Fetched {
                    downloaded,
                    contents: None,
                })
            }
            Destination::StandardOutput => {
                let (downloaded, contents) = line
                    .download_unnamed(&file.path, options.ledger, &mut progress)
                    .await?;
                Ok(Fetched {
                    downloaded,
                    contents: Some(contents),
                })
            }
        }
    };
    over(lines, plan.files.len(), one).await
}

/// What is uploaded, after a stream was read to its end.
async fn source(file: &PlannedUpload) -> Result<Source, Error> {
    let (path, max_bytes) = (file.path.clone(), file.max_bytes);
    let read = match file.from.clone() {
        Origin::File(local) => return Ok(Source::File(local)),
        Origin::StandardInput => {
            spawn_blocking(move || Spool::read(std::io::stdin().lock(), &path, max_bytes)).await
        }
        Origin::Stream(local) => {
            spawn_blocking(move || {
                let stream = File::open(&local).map_err(Error::file(&local, "open"))?;
                Spool::read(stream, &path, max_bytes)
            })
            .await
        }
    };
    read.map_err(stopped)?.map(Source::Spooled)
}

/// Does `count` pieces of work, each line one after the other, until one fails.
async fn over<T>(
    lines: Vec<Line>,
    count: usize,
    one: impl AsyncFn(&mut Line, usize) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    let work = async |mut line: Line| {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return Ok(());
            }
            let result = one(&mut line, index).await?;
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((index, result));
        }
    };
    all(lines.into_iter().map(|line| Box::pin(work(line))).collect()).await?;
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

/// Waits for all of them, or for the first that fails: the others are dropped then.
async fn all<F: Future<Output = Result<(), Error>>>(
    mut work: Vec<Pin<Box<F>>>,
) -> Result<(), Error> {
    poll_fn(|context| {
        let mut index = 0;
        while let Some(future) = work.get_mut(index) {
            match future.as_mut().poll(context) {
                Poll::Pending => index = index.saturating_add(1),
                Poll::Ready(Ok(())) => drop(work.swap_remove(index)),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
        if work.is_empty() {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    })
    .await
}

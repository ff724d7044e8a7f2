//! Fetching files: into a file beside the destination, checked, then put in place.

use std::fs::File;
use std::path::Path;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::{Frame, Incoming};
use hyper::header::CONTENT_LENGTH;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use veracruz_policy::{FilePath, Sha256};
use veracruz_protocol::header::{self, ContentRange, Range};
use veracruz_protocol::{Content, ErrorCode, Problem, Route};

use super::Proven;
use super::part::{self, Part};
use super::source::stopped;
use super::upload::{Progress, text};
use crate::error::Error;
use crate::ledger::Ledger;
use crate::rate::RateLimit;
use crate::transport::{self, Call};

/// How to download.
#[derive(Clone, Copy, Debug)]
pub struct DownloadOptions<'a> {
    /// Where to keep what opens the receipt's commitment to the file.
    pub ledger: &'a Ledger,
    /// Replace what is at the destination.
    pub overwrite: bool,
}

/// A file that was fetched and is in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// Its digest, as announced and as arrived.
    pub sha256: Sha256,
    /// Its length in bytes.
    pub length: u64,
    /// Where this download began: 0, or where an earlier one had broken off.
    pub resumed_at: u64,
    /// What opens the receipt's commitment to it; it is in the ledger too.
    pub opening: Option<[u8; 32]>,
}

impl Proven {
    /// Asks for size and digest of a file, where this participant may know them: of programs, of
    /// its own files, of what it receives.
    ///
    /// # Errors
    /// [`Error::Refused`], with the code that the status most likely stands for, since the answer
    /// to `HEAD` has no room for a reason; those of every call.
    pub async fn head(&mut self, path: &FilePath) -> Result<Content, Error> {
        let name = "HEAD of a file";
        let call = Call::new(name, "HEAD", Route::HeadFile(path.clone()).path());
        let response = self.http.call(call, None).await?;
        let malformed = |found: String| Error::ReplyMalformed {
            request: name,
            expected: "length and digest of a file that is there",
            found,
        };
        let refused = |code| {
            Err(Error::Refused(Box::new(
                Problem::new(code).found(path.as_str()),
            )))
        };
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return refused(ErrorCode::FileAbsent),
            StatusCode::FORBIDDEN => return refused(ErrorCode::NotReceiver),
            StatusCode::CONFLICT => return refused(ErrorCode::NotReleased),
            other => return Err(malformed(format!("the status {}", other.as_u16()))),
        }
        let headers = response.headers();
        let sha256 = text(headers, header::REPR_DIGEST).and_then(header::parse_repr_digest);
        let length = text(headers, CONTENT_LENGTH.as_str()).and_then(header::decimal);
        match (sha256, length) {
            (Some(sha256), Some(length)) => Ok(Content { length, sha256 }),
            _ => Err(malformed("an answer without them".into())),
        }
    }

    /// Fetches a file into `destination`.
    ///
    /// It arrives in a private file beside the destination, is checked against the digest that
    /// the isolate announced, written through to the disk, and only then put in place. Where an
    /// earlier download of the same contents broke off, it goes on there.
    ///
    /// # Errors
    /// [`Error::DestinationExists`] before anything is asked and after all has arrived;
    /// [`Error::DownloadDiffers`], where nothing is put in place; [`Error::ConnectionLost`] (see
    /// [`Line::download`](crate::Line::download)); [`Error::Refused`].
    pub async fn download(
        &mut self,
        path: &FilePath,
        destination: &Path,
        options: DownloadOptions<'_>,
        progress: Progress<'_>,
    ) -> Result<Downloaded, Error> {
        self.download_of(path, None, destination, options, progress)
            .await
    }

    /// As [`Connection::download`](super::Connection::download), of contents whose digest is known.
    pub(crate) async fn download_known(
        &mut self,
        path: &FilePath,
        sha256: &Sha256,
        destination: &Path,
        options: DownloadOptions<'_>,
        progress: Progress<'_>,
    ) -> Result<Downloaded, Error> {
        self.download_of(path, Some(sha256), destination, options, progress)
            .await
    }

    async fn download_of(
        &mut self,
        path: &FilePath,
        known: Option<&Sha256>,
        destination: &Path,
        options: DownloadOptions<'_>,
        progress: Progress<'_>,
    ) -> Result<Downloaded, Error> {
        refuse_existing(destination, options.overwrite)?;
        let mut fetch = None;
        self.fetch(path, Target::Beside(destination), &mut fetch, progress)
            .await?;
        let fetch = fetch.ok_or_else(unfinished)?;
        if let Some(known) = known.filter(|known| **known != fetch.expected.sha256) {
            return Err(Error::DownloadDiffers {
                path: path.clone(),
                expected: *known,
                found: fetch.expected.sha256,
            });
        }
        self.keep(path, destination, fetch, options)
    }

    /// Goes on with a fetch, or begins one, until all has arrived. What has arrived stays in
    /// `fetch` when this fails, for another connection to the same isolate to go on with.
    pub(crate) async fn fetch(
        &mut self,
        path: &FilePath,
        target: Target<'_>,
        fetch: &mut Option<Fetch>,
        progress: Progress<'_>,
    ) -> Result<(), Error> {
        if fetch.is_none() && target.may_have_begun() {
            // Where this is refused, GET says why.
            if let Ok(expected) = self.head(path).await {
                within_limit(path, &expected, self.max_bytes(path))?;
                *fetch = Some(Fetch::begin(target, expected).await?);
            }
        }
        let response = match fetch.as_ref().and_then(Fetch::rest) {
            None => self.get(path, None).await?,
            Some(range) => self.get(path, Some(range)).await?,
        };
        let fetch = match fetch {
            Some(fetch) => fetch,
            None => {
                let expected = announced(path, &response, self.max_bytes(path))?;
                fetch.insert(Fetch::begin(target, expected).await?)
            }
        };
        match place(&response, &fetch.expected)? {
            // A single byte was asked for, for what stands beside it.
            _ if fetch.is_whole() => {
                fetch.opening = opening(&response);
                progress(fetch.expected.length, fetch.expected.length);
                return Ok(());
            }
            0 if fetch.length() > 0 => {
                fetch.part()?.start_again()?;
                fetch.resumed_at = 0;
            }
            offset if offset == fetch.length() => {}
            offset => {
                return Err(Error::ReplyMalformed {
                    request: GET,
                    expected: "the part that was asked for",
                    found: format!("one from byte {offset}"),
                });
            }
        }
        fetch.opening = opening(&response);
        let part = fetch.part.take().ok_or_else(unfinished)?;
        progress(part.length(), fetch.expected.length);
        let (part, result) = receive(
            response.into_body(),
            part,
            fetch.expected.length,
            &self.limit,
            progress,
        )
        .await;
        fetch.part = part;
        result?;
        if fetch.length() < fetch.expected.length {
            return Err(Error::ConnectionLost {
                reason: "the answer ended early".into(),
            });
        }
        let found = fetch.part()?.sha256();
        if found != fetch.expected.sha256 || fetch.length() != fetch.expected.length {
            if let Some(part) = fetch.part.take() {
                part.remove()?;
            }
            return Err(Error::DownloadDiffers {
                path: path.clone(),
                expected: fetch.expected.sha256,
                found,
            });
        }
        Ok(())
    }

    /// Puts what has arrived in place, and what opens its commitment into the ledger.
    pub(crate) fn keep(
        &self,
        path: &FilePath,
        destination: &Path,
        mut fetch: Fetch,
        options: DownloadOptions<'_>,
    ) -> Result<Downloaded, Error> {
        let part = fetch.part.take().ok_or_else(unfinished)?;
        part.sync()?;
        self.note_opening(path, &fetch, options.ledger)?;
        part.put_in_place(destination, options.overwrite)?;
        Ok(fetch.downloaded())
    }

    /// As [`keep`](Self::keep), of what arrived in a file without a name.
    pub(crate) fn hand_over(
        &self,
        path: &FilePath,
        mut fetch: Fetch,
        ledger: &Ledger,
    ) -> Result<(Downloaded, File), Error> {
        let part = fetch.part.take().ok_or_else(unfinished)?;
        self.note_opening(path, &fetch, ledger)?;
        Ok((fetch.downloaded(), part.into_file()?))
    }

    fn note_opening(&self, path: &FilePath, fetch: &Fetch, ledger: &Ledger) -> Result<(), Error> {
        let Some(opening) = &fetch.opening else {
            return Ok(());
        };
        let (policy, instance) = (self.policy_hash(), self.instance());
        ledger.note_opening(&policy, &instance, path, &fetch.expected.sha256, opening)
    }

    async fn get(
        &mut self,
        path: &FilePath,
        range: Option<Range>,
    ) -> Result<hyper::Response<Incoming>, Error> {
        let mut call = Call::new(GET, "GET", Route::GetFile(path.clone()).path());
        if let Some(range) = range {
            call = call.header(header::RANGE, range.to_string());
        }
        let response = self.http.call(call, None).await?;
        transport::successful(GET, response).await
    }

    fn max_bytes(&self, path: &FilePath) -> u64 {
        self.party
            .policy
            .file(path)
            .map_or(0, |file| file.max_bytes)
    }
}

const GET: &str = "GET of a file";

/// Where what is fetched is gathered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target<'a> {
    /// In a file beside this one, which a later command goes on with.
    Beside(&'a Path),
    /// In a file without a name.
    WithoutAName,
}

impl Target<'_> {
    fn may_have_begun(self) -> bool {
        match self {
            Self::Beside(destination) => part::left_beside(destination),
            Self::WithoutAName => false,
        }
    }
}

/// A download under way: it outlives connections.
pub(crate) struct Fetch {
    expected: Content,
    /// Not here while it is being written to.
    part: Option<Part>,
    resumed_at: u64,
    opening: Option<[u8; 32]>,
}

impl Fetch {
    async fn begin(target: Target<'_>, expected: Content) -> Result<Self, Error> {
        let mut part = match target {
            Target::Beside(destination) => Part::beside(destination, &expected.sha256).await?,
            Target::WithoutAName => Part::without_a_name()?,
        };
        let whole = part.length() == expected.length && part.sha256() == expected.sha256;
        if part.length() >= expected.length && !whole {
            part.start_again()?;
        }
        Ok(Self {
            expected,
            resumed_at: part.length(),
            part: Some(part),
            opening: None,
        })
    }

    fn length(&self) -> u64 {
        self.part.as_ref().map_or(0, Part::length)
    }

    fn is_whole(&self) -> bool {
        self.expected.length > 0 && self.length() == self.expected.length
    }

    /// What to ask for; `None`: all of it.
    fn rest(&self) -> Option<Range> {
        match self.length() {
            0 => None,
            _ if self.is_whole() => Some(Range::From {
                first: 0,
                last: Some(0),
            }),
            first => Some(Range::From { first, last: None }),
        }
    }

    fn part(&mut self) -> Result<&mut Part, Error> {
        self.part.as_mut().ok_or_else(unfinished)
    }

    fn downloaded(&self) -> Downloaded {
        Downloaded {
            sha256: self.expected.sha256,
            length: self.expected.length,
            resumed_at: self.resumed_at,
            opening: self.opening,
        }
    }
}

/// Refuses to fetch what could not be put in place.
pub(crate) fn refuse_existing(destination: &Path, overwrite: bool) -> Result<(), Error> {
    if !overwrite && destination.symlink_metadata().is_ok() {
        return Err(Error::DestinationExists {
            path: destination.into(),
        });
    }
    Ok(())
}

/// The part is not there: the thread that wrote it has ended early.
pub(crate) fn unfinished() -> Error {
    Error::Machine {
        reason: "what had arrived of a download is gone".into(),
    }
}

fn opening(response: &hyper::Response<Incoming>) -> Option<[u8; 32]> {
    text(response.headers(), header::OPENING).and_then(header::parse_bytes)
}

/// Length and digest of the whole file, as its answer announces them.
fn announced(
    path: &FilePath,
    response: &hyper::Response<Incoming>,
    max_bytes: u64,
) -> Result<Content, Error> {
    let headers = response.headers();
    let malformed = |expected, found: String| Error::ReplyMalformed {
        request: GET,
        expected,
        found,
    };
    if response.status() != StatusCode::OK {
        return Err(malformed(
            "the whole file",
            format!("the status {}", response.status()),
        ));
    }
    let sha256 = text(headers, header::REPR_DIGEST)
        .and_then(header::parse_repr_digest)
        .ok_or_else(|| malformed("a digest", "none".into()))?;
    let length = text(headers, CONTENT_LENGTH.as_str())
        .and_then(header::decimal)
        .ok_or_else(|| malformed("a length", "none".into()))?;
    let content = Content { length, sha256 };
    within_limit(path, &content, max_bytes)?;
    Ok(content)
}

fn within_limit(path: &FilePath, content: &Content, max_bytes: u64) -> Result<(), Error> {
    if content.length > max_bytes {
        return Err(Error::ReplyMalformed {
            request: GET,
            expected: "at most what the policy allows for this file",
            found: format!(
                "{} bytes for {path}, of {max_bytes} allowed",
                content.length
            ),
        });
    }
    Ok(())
}

/// Where the answer's body belongs in the same contents: 0 where it begins anew.
fn place(response: &hyper::Response<Incoming>, expected: &Content) -> Result<u64, Error> {
    let headers = response.headers();
    let digest = text(headers, header::REPR_DIGEST).and_then(header::parse_repr_digest);
    let (first, length) = match response.status() {
        StatusCode::PARTIAL_CONTENT => text(headers, header::CONTENT_RANGE)
            .and_then(ContentRange::parse)
            .map(|range| (range.first(), range.length())),
        StatusCode::OK => text(headers, CONTENT_LENGTH.as_str())
            .and_then(header::decimal)
            .map(|length| (0, length)),
        _ => None,
    }
    .unzip();
    match first {
        Some(first) if digest == Some(expected.sha256) && length == Some(expected.length) => {
            Ok(first)
        }
        _ => Err(Error::ReplyMalformed {
            request: GET,
            expected: "the contents that were announced before",
            found: "others".into(),
        }),
    }
}

/// Writes and hashes on a thread of its own while the next bytes are decrypted here. The part
/// comes back with all that arrived, unless it cannot be written.
async fn receive(
    mut body: Incoming,
    mut part: Part,
    length: u64,
    limit: &RateLimit,
    progress: Progress<'_>,
) -> (Option<Part>, Result<(), Error>) {
    let (chunks, mut receiver) = mpsc::channel::<Bytes>(16);
    let mut so_far = part.length();
    let writer = spawn_blocking(move || {
        while let Some(chunk) = receiver.blocking_recv() {
            if let Err(error) = part.write(&chunk) {
                return Err(part.failed(error));
            }
        }
        Ok(part)
    });
    let mut result = Ok(());
    loop {
        let frame = match transport::in_time(body.frame()).await {
            Ok(Some(frame)) => frame,
            Ok(None) => break,
            Err(error) => {
                result = Err(error);
                break;
            }
        };
        match frame.map(Frame::into_data) {
            Ok(Ok(chunk)) => {
                so_far = so_far.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
                let wait = limit.charge(chunk.len());
                if !wait.is_zero() {
                    tokio::time::sleep(wait).await;
                }
                if so_far > length {
                    result = Err(Error::ReplyMalformed {
                        request: GET,
                        expected: "the rest of the file",
                        found: "more than that".into(),
                    });
                    break;
                }
                // The thread that writes has ended, and says why.
                if chunks.send(chunk).await.is_err() {
                    break;
                }
                progress(so_far, length);
            }
            // Trailers mean nothing here.
            Ok(Err(_)) => {}
            Err(error) => {
                result = Err(transport::lost(&error));
                break;
            }
        }
    }
    drop(chunks);
    match writer.await.map_err(stopped) {
        Ok(Ok(part)) => (Some(part), result),
        Ok(Err(error)) | Err(error) => (None, Err(error)),
    }
}

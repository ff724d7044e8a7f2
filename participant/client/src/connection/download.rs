//! Fetching files: into a file beside the destination, checked, then put in place.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::{Frame, Incoming};
use hyper::header::CONTENT_LENGTH;
use sha2::{Digest, Sha256 as Hasher};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use veracruz_policy::{FilePath, Sha256};
use veracruz_protocol::header::{self, ContentRange, Range};
use veracruz_protocol::{Content, ErrorCode, Problem, Route};

use super::Proven;
use super::source::{hash_rest, stopped};
use super::upload::{Progress, text};
use crate::error::Error;
use crate::files;
use crate::ledger::Ledger;
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
    /// [`Error::DownloadDiffers`], where nothing is put in place; [`Error::ConnectionLost`];
    /// [`Error::Refused`].
    pub async fn download(
        &mut self,
        path: &FilePath,
        destination: &Path,
        options: DownloadOptions<'_>,
        progress: Progress<'_>,
    ) -> Result<Downloaded, Error> {
        self.fetch(path, None, destination, options, progress).await
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
        self.fetch(path, Some(sha256), destination, options, progress)
            .await
    }

    async fn fetch(
        &mut self,
        path: &FilePath,
        known: Option<&Sha256>,
        destination: &Path,
        options: DownloadOptions<'_>,
        progress: Progress<'_>,
    ) -> Result<Downloaded, Error> {
        let exists = || Error::DestinationExists {
            path: destination.into(),
        };
        if !options.overwrite && destination.symlink_metadata().is_ok() {
            return Err(exists());
        }
        let first = self.get(path, None).await?;
        let expected = announced(path, &first, self.max_bytes(path))?;
        if let Some(known) = known.filter(|known| **known != expected.sha256) {
            return Err(Error::DownloadDiffers {
                path: path.clone(),
                expected: *known,
                found: expected.sha256,
            });
        }
        let part = part_beside(destination, &expected.sha256);
        let mut file = open_part(&part, expected.length).await?;
        let offset = file.length;
        let (response, offset) = if offset == 0 {
            (first, 0)
        } else {
            drop(first);
            let range = Range::From {
                first: offset,
                last: None,
            };
            let response = self.get(path, Some(range)).await?;
            match continued_at(&response, &expected)? {
                true => (response, offset),
                false => {
                    file.start_again().map_err(Error::file(&part, "write"))?;
                    (response, 0)
                }
            }
        };
        let opening = text(response.headers(), header::OPENING).and_then(header::parse_bytes);
        let (arrived, length) =
            receive(response.into_body(), file, &part, &expected, progress).await?;
        if arrived != expected.sha256 || length != expected.length {
            fs::remove_file(&part).map_err(Error::file(&part, "remove"))?;
            return Err(Error::DownloadDiffers {
                path: path.clone(),
                expected: expected.sha256,
                found: arrived,
            });
        }
        if let Some(opening) = &opening {
            let (policy, instance) = (self.policy_hash(), self.instance());
            options
                .ledger
                .note_opening(&policy, &instance, path, &arrived, opening)?;
        }
        files::put_in_place(&part, destination, options.overwrite).map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                exists()
            } else {
                Error::file(destination, "write")(error)
            }
        })?;
        Ok(Downloaded {
            sha256: arrived,
            length,
            resumed_at: offset,
            opening,
        })
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
    if length > max_bytes {
        return Err(malformed(
            "at most what the policy allows for this file",
            format!("{length} bytes for {path}, of {max_bytes} allowed"),
        ));
    }
    Ok(Content { length, sha256 })
}

/// Whether the answer goes on in the middle of the same contents; `false` where it begins anew.
fn continued_at(response: &hyper::Response<Incoming>, expected: &Content) -> Result<bool, Error> {
    let headers = response.headers();
    let digest = text(headers, header::REPR_DIGEST).and_then(header::parse_repr_digest);
    let length = match response.status() {
        StatusCode::PARTIAL_CONTENT => text(headers, header::CONTENT_RANGE)
            .and_then(ContentRange::parse)
            .map(|range| range.length()),
        StatusCode::OK => text(headers, CONTENT_LENGTH.as_str()).and_then(header::decimal),
        _ => None,
    };
    if digest != Some(expected.sha256) || length != Some(expected.length) {
        return Err(Error::ReplyMalformed {
            request: GET,
            expected: "the contents that were announced before",
            found: "others".into(),
        });
    }
    Ok(response.status() == StatusCode::PARTIAL_CONTENT)
}

/// The name has the digest in it, so that what is there can only be a beginning of the same.
fn part_beside(destination: &Path, sha256: &Sha256) -> PathBuf {
    let name = destination
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let digest = sha256.to_string();
    let digest = digest.get(..16).unwrap_or_default();
    destination.with_file_name(format!(".{name}.{digest}.part"))
}

/// What has arrived, and its digest so far.
struct Part {
    file: File,
    hasher: Hasher,
    length: u64,
}

impl Part {
    fn start_again(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.hasher = Hasher::new();
        self.length = 0;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.file.write_all(bytes)?;
        self.length = self
            .length
            .saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }
}

async fn open_part(path: &Path, length: u64) -> Result<Part, Error> {
    let path = path.to_owned();
    spawn_blocking(move || {
        let mut file = files::append_private(&path).map_err(Error::file(&path, "write"))?;
        // Two downloads into one file would spoil it.
        file.try_lock()
            .map_err(|error| Error::file(&path, "lock")(error.into()))?;
        let found = file.metadata().map_err(Error::file(&path, "read"))?.len();
        let mut part = Part {
            hasher: Hasher::new(),
            length: found,
            file: file.try_clone().map_err(Error::file(&path, "open"))?,
        };
        if found >= length {
            part.start_again().map_err(Error::file(&path, "write"))?;
        } else if found > 0 {
            file.seek(SeekFrom::Start(0))
                .map_err(Error::file(&path, "read"))?;
            part.length =
                hash_rest(&mut file, &mut part.hasher).map_err(Error::file(&path, "read"))?;
        }
        Ok(part)
    })
    .await
    .map_err(stopped)?
}

/// Writes and hashes on a thread of its own while the next bytes are decrypted here.
async fn receive(
    mut body: Incoming,
    mut part: Part,
    path: &Path,
    expected: &Content,
    progress: Progress<'_>,
) -> Result<(Sha256, u64), Error> {
    let (chunks, mut receiver) = mpsc::channel::<Bytes>(16);
    let mut so_far = part.length;
    let writer = spawn_blocking(move || -> io::Result<Part> {
        while let Some(chunk) = receiver.blocking_recv() {
            part.write(&chunk)?;
        }
        part.file.sync_all()?;
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
                if so_far > expected.length || chunks.send(chunk).await.is_err() {
                    break;
                }
                progress(so_far, expected.length);
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
    let part = writer
        .await
        .map_err(stopped)?
        .map_err(Error::file(path, "write"))?;
    result?;
    Ok((Sha256::from_bytes(part.hasher.finalize().into()), so_far))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_is_there_is_hashed_and_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".out.part");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let mut part = runtime.block_on(open_part(&path, 6)).unwrap();
        part.write(b"abc").unwrap();
        drop(part);
        let mut part = runtime.block_on(open_part(&path, 6)).unwrap();
        assert_eq!(part.length, 3);
        part.write(b"def").unwrap();
        assert_eq!(
            Sha256::from_bytes(part.hasher.clone().finalize().into()),
            Sha256::of(b"abcdef")
        );
        // A second one would spoil it.
        assert!(runtime.block_on(open_part(&path, 6)).is_err());
        drop(part);
        // What is as long as the whole and was not put in place is not the whole.
        assert_eq!(runtime.block_on(open_part(&path, 6)).unwrap().length, 0);
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    }

    #[test]
    fn parts_of_different_contents_have_different_names() {
        let destination = Path::new("/tmp/out.csv");
        let one = part_beside(destination, &Sha256::of(b"1"));
        assert_ne!(one, part_beside(destination, &Sha256::of(b"2")));
        assert_eq!(one.parent(), destination.parent());
    }
}

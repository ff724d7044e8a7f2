//! An upload that is cut leaves nothing committed and goes on where it stopped.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use veracruz_cli::local::Target;
use veracruz_client::{Attested, Connection, FilePath, Ledger, Policy, Provisioning, Source, now};
use veracruz_protocol::Presence;
use veracruz_tests::{Cut as CutLine, Relay, World, digest};

/// A line that breaks after so many bytes have been sent.
struct Cut {
    stream: TcpStream,
    left: usize,
}

impl AsyncRead for Cut {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Cut {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let bytes = &bytes[..bytes.len().min(self.left)];
        let written = std::task::ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.left -= written;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[tokio::test]
async fn an_upload_cut_anywhere_commits_nothing_and_is_resumed() {
    let Some(world) = World::start() else { return };
    let path = world.policy("cut", |_| {});
    world.launch(&path).expect("an isolate");
    world.approve_all(&path);
    let policy = Arc::new(Policy::parse(&std::fs::read(&path).unwrap()).unwrap());
    let identity = veracruz_client::identity::load(&world.acme.identity, None).unwrap();
    let ledger = Ledger::beside(&world.acme.identity);
    let file = FilePath::parse("/input/acme.csv").unwrap();
    let contents: Vec<u8> = (0..3_000_000_u32)
        .map(|index| (index % 251) as u8)
        .collect();
    let source = Source::Bytes(contents.clone().into());
    let host = world.deployment.participants;

    let connect = async |left: usize| -> Result<Connection<Attested>, veracruz_client::Error> {
        let stream = Cut {
            stream: TcpStream::connect(host).await.unwrap(),
            left,
        };
        let connection = Connection::over(stream, &policy, &identity, None, now()).await?;
        Ok(connection.attest(true, now()).await?.0)
    };
    let provisioning = Provisioning {
        ledger: &ledger,
        again: false,
        now: now(),
    };
    let present = async || {
        let status = connect(usize::MAX).await.unwrap().status().await.unwrap();
        let view = status
            .files
            .into_iter()
            .find(|view| view.path == file)
            .unwrap();
        (view.presence, view.upload)
    };

    let mut furthest = 0;
    for left in [4_000, 70_000, 300_000, 1_500_000] {
        let Ok(mut connection) = connect(left).await else {
            continue;
        };
        let sent = connection
            .upload(&file, &source, provisioning, &mut |_, _| {})
            .await;
        assert!(sent.is_err(), "the line was cut");
        drop(connection);
        let (presence, upload) = present().await;
        assert_eq!(presence, Presence::Absent, "nothing is committed");
        let offset = upload.map_or(0, |upload| upload.offset);
        assert!(
            offset >= furthest,
            "what arrived is kept: {offset} after {furthest}"
        );
        furthest = offset;
    }
    assert!(furthest > 0, "some of it arrived");
    let mut connection = connect(usize::MAX).await.unwrap();
    let sent = connection
        .upload(&file, &source, provisioning, &mut |_, _| {})
        .await
        .unwrap();
    assert_eq!(
        (sent.resumed_at, sent.length),
        (furthest, contents.len() as u64)
    );
    assert_eq!(present().await.0, Presence::Present);
}

/// What a large file is here: 64 MiB, or what `VERACRUZ_LARGE` says (`10GiB`), over a line that is
/// cut every few megabytes, or then every two seconds.
fn large() -> (u64, CutLine) {
    let Ok(text) = std::env::var("VERACRUZ_LARGE") else {
        return (64 << 20, CutLine::Bytes(7 << 20));
    };
    let (number, shift) = match (text.strip_suffix("GiB"), text.strip_suffix("MiB")) {
        (Some(number), _) => (number, 30),
        (_, Some(number)) => (number, 20),
        _ => panic!("VERACRUZ_LARGE is {text}, expected 10GiB"),
    };
    let number: u64 = number.parse().expect("VERACRUZ_LARGE is a number of GiB");
    (number << shift, CutLine::Time(Duration::from_secs(2)))
}

/// Writes bytes of which no two pages are alike, and the same in every run.
fn generate(path: &Path, length: u64) {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut block = vec![0_u8; 1 << 20];
    for eight in block.chunks_exact_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        eight.copy_from_slice(&state.to_le_bytes());
    }
    let mut file = std::fs::File::create(path).expect("the file is made");
    let mut written: u64 = 0;
    while written < length {
        for (number, page) in (0_u64..).zip(block.chunks_exact_mut(4096)) {
            page[..8].copy_from_slice(&(written + number).to_le_bytes());
        }
        let size =
            usize::try_from(length - written).map_or(block.len(), |left| left.min(block.len()));
        file.write_all(&block[..size]).expect("there is room");
        written += size as u64;
    }
}

/// Processor time of a process, and of this one's children that have ended.
fn seconds_of(process: Option<u32>) -> f64 {
    let path = process.map_or("/proc/self/stat".to_owned(), |id| {
        format!("/proc/{id}/stat")
    });
    let stat = std::fs::read_to_string(path).unwrap_or_default();
    let fields: Vec<f64> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .map(|field| field.parse().unwrap_or(0.0))
        .collect();
    let (from, ticks) = (if process.is_some() { 11 } else { 13 }, 100.0);
    fields
        .get(from..from + 2)
        .map_or(0.0, |two| two.iter().sum::<f64>() / ticks)
}

#[test]
fn a_large_file_arrives_whole_both_ways_over_a_line_that_is_cut_again_and_again() {
    let Some(world) = World::start() else { return };
    let (length, cut) = large();
    let path = world.policy("large", |document| {
        let file = &mut document["files"]["/input/acme.csv"];
        file["max_bytes"] = (length + 1).into();
        file["receivers"] = serde_json::json!(["globex"]);
    });
    world.launch(&path).expect("an isolate");
    world.approve_all(&path);
    let source = world.acme.folder.join("large");
    generate(&source, length);
    let isolates = veracruz_tests::isolate_processes(&world.deployment.attester_socket);
    let relay = Relay::start(world.deployment.participants, cut);
    let target = Target {
        policy: &path,
        host: relay.address,
    };
    let measure = |what: &str, work: &dyn Fn()| {
        let before = (
            Instant::now(),
            seconds_of(None),
            relay.cuts(),
            relay.bytes(),
        );
        let runtime = || isolates.iter().map(|id| seconds_of(Some(*id))).sum::<f64>();
        let runtime_before = runtime();
        work();
        let mib = length as f64 / f64::from(1 << 20);
        println!(
            "{what} of {mib} MiB: {:.1} s, client {:.2} CPU-s, runtime {:.2} CPU-s, {} cuts, {:.1} MiB carried",
            before.0.elapsed().as_secs_f64(),
            seconds_of(None) - before.1,
            runtime() - runtime_before,
            relay.cuts() - before.2,
            (relay.bytes() - before.3) as f64 / f64::from(1 << 20),
        );
    };

    let mut assignment = std::ffi::OsString::from("/input/acme.csv=");
    assignment.push(&source);
    measure("upload", &|| {
        let sent = world.acme.call(&target, &["upload"], &[&assignment]);
        let sent = sent.expect("it arrives");
        assert_eq!(sent["files"][0]["bytes"], length);
        assert!(sent["files"][0]["resumed_at"].as_u64() > Some(0), "{sent}");
    });
    let cuts = relay.cuts();
    assert!(cuts >= 3, "the line was cut {cuts} times");

    let destination = world.globex.folder.join("large");
    let arguments = [
        OsStr::new("/input/acme.csv"),
        OsStr::new("--output"),
        destination.as_os_str(),
    ];
    measure("download", &|| {
        let got = world.globex.call(&target, &["download"], &arguments);
        assert_eq!(got.expect("it arrives")["bytes"], length);
    });
    assert!(relay.cuts() >= cuts + 3, "the line was cut");
    assert_eq!(digest(&destination), digest(&source), "by sha256sum");
    let left = std::fs::read_dir(&world.globex.folder).unwrap().flatten();
    let parts = left.filter(|entry| entry.file_name().to_string_lossy().ends_with(".part"));
    assert_eq!(parts.count(), 0);
}

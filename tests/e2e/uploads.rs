//! An upload that is cut leaves nothing committed and goes on where it stopped.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use veracruz_client::{Attested, Connection, FilePath, Ledger, Policy, Provisioning, Source, now};
use veracruz_protocol::Presence;
use veracruz_tests::World;

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

//! A line that is cut: a TCP relay between a participant and the host, and a proxy by CONNECT.

use rustix::net::sockopt::set_socket_linger;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// When a connection is cut.
#[derive(Clone, Copy, Debug)]
pub enum Cut {
    /// Never.
    Never,
    /// After about so many bytes, in both directions together: between half and one and a half.
    Bytes(u64),
    /// After such a time.
    Time(Duration),
}

/// A relay that cuts every connection sooner or later, every other one without a goodbye.
pub struct Relay {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    to: SocketAddr,
    cut: Cut,
    stopped: AtomicBool,
    connections: AtomicU32,
    cuts: AtomicU32,
    bytes: AtomicU64,
}

impl Relay {
    /// Begins to relay to `to`.
    ///
    /// # Panics
    /// Where nothing can listen on this machine.
    #[must_use]
    pub fn start(to: SocketAddr, cut: Cut) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            to,
            cut,
            stopped: AtomicBool::new(false),
            connections: AtomicU32::new(0),
            cuts: AtomicU32::new(0),
            bytes: AtomicU64::new(0),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if accepting.stopped.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&accepting);
                thread::spawn(move || shared.relay(&stream));
            }
        });
        Self { address, shared }
    }

    /// How many connections it cut.
    #[must_use]
    pub fn cuts(&self) -> u32 {
        self.shared.cuts.load(Ordering::Relaxed)
    }

    /// How many bytes it carried, both ways.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn relay(&self, from: &TcpStream) {
        let Ok(to) = TcpStream::connect(self.to) else {
            return;
        };
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let line = Line {
            most: match self.cut {
                // Never twice the same in a row, and the same in every run.
                Cut::Bytes(bytes) => bytes / 2 + u64::from(number.wrapping_mul(40_503)) % bytes,
                _ => u64::MAX,
            },
            until: match self.cut {
                Cut::Time(time) => Some(Instant::now() + time),
                _ => None,
            },
            so_far: AtomicU64::new(0),
        };
        let was_cut = thread::scope(|scope| {
            let back = scope.spawn(|| self.carry(&line, &to, from));
            let there = self.carry(&line, from, &to);
            back.join().unwrap_or(true) || there
        });
        if was_cut {
            self.cuts.fetch_add(1, Ordering::Relaxed);
            if number.is_multiple_of(2) {
                for end in [from, &to] {
                    let _ = set_socket_linger(end, Some(Duration::ZERO));
                }
            }
        }
        for end in [from, &to] {
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    /// One direction. Says whether it cut the line.
    fn carry(&self, line: &Line, mut from: &TcpStream, mut to: &TcpStream) -> bool {
        let mut buffer = vec![0; 256 << 10];
        let _ = from.set_read_timeout(Some(Duration::from_millis(100)));
        loop {
            let read = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if is_timeout(&error) => 0,
                Err(_) => break,
            };
            let before = line.so_far.fetch_add(read as u64, Ordering::Relaxed);
            let left = usize::try_from(line.most.saturating_sub(before)).unwrap_or(usize::MAX);
            let late = line.until.is_some_and(|until| Instant::now() >= until);
            let passes = if late { 0 } else { read.min(left) };
            self.bytes.fetch_add(passes as u64, Ordering::Relaxed);
            if to.write_all(&buffer[..passes]).is_err() {
                break;
            }
            if late || left == 0 || passes < read {
                // The other direction notices at its next byte, or within its timeout.
                line.so_far.store(line.most, Ordering::Relaxed);
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.shutdown(Shutdown::Both);
                return true;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
        false
    }
}

struct Line {
    most: u64,
    until: Option<Instant>,
    so_far: AtomicU64,
}

fn is_timeout(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}

/// How a proxy answers.
#[derive(Clone, Debug)]
pub enum Manner {
    /// It leads on.
    Open,
    /// It leads those on who have this value of `Proxy-Authorization`; others get 407.
    Wants(String),
    /// It answers with these bytes.
    Says(&'static str),
}

/// An HTTP proxy that knows CONNECT.
pub struct ConnectProxy {
    /// Where it listens.
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl ConnectProxy {
    /// Begins to answer.
    ///
    /// # Panics
    /// Where nothing can listen on this machine.
    #[must_use]
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("its address");
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (manner, noted) = (manner.clone(), Arc::clone(&noted));
                thread::spawn(move || answer(&manner, &noted, &stream));
            }
        });
        Self { address, asked }
    }

    /// The requests that came, head and all.
    ///
    /// # Panics
    /// After a panic in one of its threads.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no thread panicked").clone()
    }
}

fn answer(manner: &Manner, noted: &Mutex<Vec<String>>, mut stream: &TcpStream) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let to = head.split(' ').nth(1).and_then(|to| to.parse().ok());
    let allowed = match manner {
        Manner::Open => true,
        Manner::Wants(value) => head.contains(&format!("Proxy-Authorization: {value}\r\n")),
        Manner::Says(_) => false,
    };
    noted.lock().expect("no thread panicked").push(head);
    let refusal = match manner {
        Manner::Says(text) => text,
        _ => "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
    };
    let (true, Some(to)) = (allowed, to) else {
        let _ = stream.write_all(refusal.as_bytes());
        return;
    };
    if stream
        .write_all(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n")
        .is_err()
    {
        return;
    }
    let through = Shared {
        to,
        cut: Cut::Never,
        stopped: AtomicBool::new(false),
        connections: AtomicU32::new(0),
        cuts: AtomicU32::new(0),
        bytes: AtomicU64::new(0),
    };
    through.relay(stream);
}

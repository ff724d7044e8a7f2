//! A runtime for tests: answers on the control channel as the real one does, or as the name of the
//! policy says it should fail to, and greets every connection.
//!
//! It is compiled by the tests with plain `rustc`, hence without any crate.

use std::ffi::{c_int, c_long, c_void};
use std::fs::File;
use std::io::{Read, Write};
use std::mem::ManuallyDrop;
use std::net::TcpStream;
use std::os::fd::FromRawFd;

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
}

fn main() {
    let mut control = ManuallyDrop::new(unsafe { File::from_raw_fd(3) });
    let policy = String::from_utf8_lossy(&frame(&mut control)).into_owned();
    let does = |what: &str| policy.contains(&format!("\"{what}\""));
    if does("die") {
        std::process::exit(3);
    }
    if does("silent") {
        loop {
            std::thread::park();
        }
    }
    if does("refuse") {
        control.write_all(b"\0\0\0\x03\x82\x01\x04").unwrap();
        return;
    }
    if does("babble") {
        control.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    }
    // [0, policy hash, instance]
    let mut installed = vec![0, 0, 0, 70, 0x83, 0, 0x58, 32];
    installed.extend([1; 32]);
    installed.extend([0x58, 32]);
    installed.extend([2; 32]);
    control.write_all(&installed).unwrap();
    if !does("ignore") {
        std::thread::spawn(greet);
    }
    loop {
        frame(&mut control);
        if does("mute") {
            continue;
        }
        if does("crash") {
            std::process::exit(4);
        }
        let health = if does("rave") {
            b"\0\0\0\x02\x82\x09".as_slice()
        } else {
            b"\0\0\0\x0b\x83\x02\x65ready\x19\x01\x2c"
        };
        control.write_all(health).unwrap();
    }
}

fn frame(control: &mut File) -> Vec<u8> {
    let mut length = [0; 4];
    if control.read_exact(&mut length).is_err() {
        std::process::exit(0);
    }
    let mut content = vec![0; u32::from_be_bytes(length) as usize];
    control.read_exact(&mut content).unwrap();
    content
}

/// Takes connections, and says one word on each.
fn greet() {
    while let Some(descriptor) = receive() {
        let mut stream = unsafe { TcpStream::from_raw_fd(descriptor) };
        stream.set_nonblocking(false).unwrap();
        stream.write_all(b"hello").unwrap();
    }
}

/// One descriptor from channel 4, by `recvmsg` as the kernel has it.
fn receive() -> Option<c_int> {
    #[repr(C)]
    struct Vector {
        base: *mut c_void,
        length: usize,
    }
    #[repr(C)]
    struct Header {
        name: *mut c_void,
        name_length: usize,
        vectors: *mut Vector,
        vectors_length: usize,
        control: *mut c_void,
        control_length: usize,
        flags: c_int,
    }
    let mut byte = [0u8];
    // struct cmsghdr (a length of 8 bytes, level, type), then the descriptor.
    let mut control = [0u64; 3];
    let mut vector = Vector {
        base: byte.as_mut_ptr().cast(),
        length: 1,
    };
    let mut header = Header {
        name: std::ptr::null_mut(),
        name_length: 0,
        vectors: &mut vector,
        vectors_length: 1,
        control: control.as_mut_ptr().cast(),
        control_length: 24,
        flags: 0,
    };
    let received = unsafe { syscall(47, 4, &mut header, 0) };
    (received == 1 && control[0] == 20).then_some(control[2] as u32 as c_int)
}

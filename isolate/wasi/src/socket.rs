//! Sockets: `sock_*`, none of which is offered.
//!
//! A descriptor that is open is never a socket, which is said as other systems say it
//! (`ENOTSOCK`), since programs tell files from sockets by that; the functions that would need a
//! network answer that they are not supported.

use crate::{Errno, GuestMemory, Wasi};

impl Wasi {
    /// Accepts no connection.
    ///
    /// # Errors
    /// [`Errno::Notsup`]; [`Errno::Badf`] for a number that is not open.
    pub fn sock_accept<M: GuestMemory + ?Sized>(
        &mut self,
        _memory: &mut M,
        fd: u32,
        _fdflags: u32,
        _accepted: u32,
    ) -> Result<(), Errno> {
        self.no_socket(fd)
    }

    /// Receives nothing.
    ///
    /// # Errors
    /// As [`Wasi::sock_accept`].
    #[expect(
        clippy::too_many_arguments,
        reason = "the signature is the specification's"
    )]
    pub fn sock_recv<M: GuestMemory + ?Sized>(
        &mut self,
        _memory: &mut M,
        fd: u32,
        _iovs: u32,
        _iovs_len: u32,
        _riflags: u32,
        _size: u32,
        _roflags: u32,
    ) -> Result<(), Errno> {
        self.no_socket(fd)
    }

    /// Sends nothing.
    ///
    /// # Errors
    /// As [`Wasi::sock_accept`].
    pub fn sock_send<M: GuestMemory + ?Sized>(
        &mut self,
        _memory: &mut M,
        fd: u32,
        _iovs: u32,
        _iovs_len: u32,
        _siflags: u32,
        _size: u32,
    ) -> Result<(), Errno> {
        self.no_socket(fd)
    }

    /// Shuts nothing down.
    ///
    /// # Errors
    /// [`Errno::Notsock`]; [`Errno::Badf`] for a number that is not open.
    pub fn sock_shutdown<M: GuestMemory + ?Sized>(
        &mut self,
        _memory: &mut M,
        fd: u32,
        _how: u32,
    ) -> Result<(), Errno> {
        self.descriptors.get(fd)?;
        Err(Errno::Notsock)
    }

    fn no_socket(&self, fd: u32) -> Result<(), Errno> {
        self.descriptors.get(fd)?;
        Err(Errno::Notsup)
    }
}

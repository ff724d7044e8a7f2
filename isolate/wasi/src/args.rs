//! Arguments and environment: `args_*`, `environ_*`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::memory::element;
use crate::{ConfigError, Errno, GuestMemory, Wasi};

/// Most bytes of arguments, and of environment, that programs can be told of.
const MAX_BYTES: usize = 1 << 31;

impl Wasi {
    /// Writes the arguments, and a list of pointers to them.
    ///
    /// # Errors
    /// [`Errno::Fault`].
    pub fn args_get<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        argv: u32,
        argv_buf: u32,
    ) -> Result<(), Errno> {
        put_texts(memory, &self.args, argv, argv_buf)
    }

    /// Writes how many arguments there are, and how many bytes they take.
    ///
    /// # Errors
    /// [`Errno::Fault`].
    pub fn args_sizes_get<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        count: u32,
        size: u32,
    ) -> Result<(), Errno> {
        put_sizes(memory, &self.args, count, size)
    }

    /// Writes the environment, as `NAME=value`, and a list of pointers to it.
    ///
    /// # Errors
    /// [`Errno::Fault`].
    pub fn environ_get<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        environ: u32,
        environ_buf: u32,
    ) -> Result<(), Errno> {
        put_texts(memory, &self.env, environ, environ_buf)
    }

    /// Writes how many variables there are, and how many bytes they take.
    ///
    /// # Errors
    /// [`Errno::Fault`].
    pub fn environ_sizes_get<M: GuestMemory + ?Sized>(
        &mut self,
        memory: &mut M,
        count: u32,
        size: u32,
    ) -> Result<(), Errno> {
        put_sizes(memory, &self.env, count, size)
    }
}

/// Arguments as programs see them, each with a zero byte at its end.
pub(crate) fn arguments(args: Vec<String>) -> Result<Vec<Vec<u8>>, ConfigError> {
    let texts = args.into_iter().map(|text| terminated("argument", text));
    bounded("arguments", texts.collect::<Result<_, _>>()?)
}

/// The environment as programs see it.
pub(crate) fn environment(env: Vec<(String, String)>) -> Result<Vec<Vec<u8>>, ConfigError> {
    let texts = env.into_iter().map(|(name, value)| {
        if name.is_empty() || name.contains('=') {
            return Err(ConfigError::Text {
                what: "variable",
                text: name,
            });
        }
        terminated("variable", format!("{name}={value}"))
    });
    bounded("environment", texts.collect::<Result<_, _>>()?)
}

fn terminated(what: &'static str, text: String) -> Result<Vec<u8>, ConfigError> {
    if text.contains('\0') {
        return Err(ConfigError::Text { what, text });
    }
    let mut bytes = text.into_bytes();
    bytes.push(0);
    Ok(bytes)
}

fn bounded(what: &'static str, texts: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, ConfigError> {
    let size: usize = texts.iter().map(Vec::len).sum();
    if size > MAX_BYTES {
        Err(ConfigError::TooLarge { what })
    } else {
        Ok(texts)
    }
}

fn put_texts<M: GuestMemory + ?Sized>(
    memory: &mut M,
    texts: &[Vec<u8>],
    pointers: u32,
    mut buffer: u32,
) -> Result<(), Errno> {
    for (index, text) in (0u32..).zip(texts) {
        memory.put_u32(element(pointers, index, 4)?, buffer)?;
        memory.put(buffer, text)?;
        let len = u32::try_from(text.len()).map_err(|_| Errno::Fault)?;
        buffer = buffer.checked_add(len).ok_or(Errno::Fault)?;
    }
    Ok(())
}

fn put_sizes<M: GuestMemory + ?Sized>(
    memory: &mut M,
    texts: &[Vec<u8>],
    count: u32,
    size: u32,
) -> Result<(), Errno> {
    let bytes: usize = texts.iter().map(Vec::len).sum();
    memory.put_u32(
        count,
        u32::try_from(texts.len()).map_err(|_| Errno::Overflow)?,
    )?;
    memory.put_u32(size, u32::try_from(bytes).map_err(|_| Errno::Overflow)?)
}

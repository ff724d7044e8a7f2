//! The list of all functions, once.

/// Calls a macro with the list of all 46 functions: their names, and their parameters as
/// WebAssembly has them (`u32` is an `i32`, `u64` and `i64` are an `i64`).
///
/// What the callback gets is `[context] fn name(parameter: type, …); …`, the context being the
/// expressions given after its name. All functions return an `i32` but `proc_exit`, which
/// returns nothing; [`IntoWasm`](crate::IntoWasm) makes the right type of it. So an engine binds
/// them all by:
///
/// ```ignore
/// macro_rules! bind {
///     ([$linker:expr] $(fn $name:ident($($parameter:ident: $type:ty),*);)*) => { $(
///         $linker.func_wrap(MODULE, stringify!($name), |mut caller: Caller<'_, State>, $($parameter: $type),*| {
///             let (memory, wasi) = parts(&mut caller);
///             wasi.$name(memory, $($parameter),*).into_wasm()
///         })?;
///     )* };
/// }
/// veracruz_wasi::for_each_function!(bind, linker);
/// ```
#[macro_export]
macro_rules! for_each_function {
    ($callback:ident $(, $context:expr)* $(,)?) => {
        $callback! {
            [$($context),*]
            fn args_get(argv: u32, argv_buf: u32);
            fn args_sizes_get(count: u32, size: u32);
            fn environ_get(environ: u32, environ_buf: u32);
            fn environ_sizes_get(count: u32, size: u32);
            fn clock_res_get(id: u32, resolution: u32);
            fn clock_time_get(id: u32, precision: u64, time: u32);
            fn fd_advise(fd: u32, offset: u64, len: u64, advice: u32);
            fn fd_allocate(fd: u32, offset: u64, len: u64);
            fn fd_close(fd: u32);
            fn fd_datasync(fd: u32);
            fn fd_fdstat_get(fd: u32, stat: u32);
            fn fd_fdstat_set_flags(fd: u32, fdflags: u32);
            fn fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64);
            fn fd_filestat_get(fd: u32, stat: u32);
            fn fd_filestat_set_size(fd: u32, size: u64);
            fn fd_filestat_set_times(fd: u32, accessed: u64, modified: u64, fstflags: u32);
            fn fd_pread(fd: u32, iovs: u32, iovs_len: u32, offset: u64, size: u32);
            fn fd_prestat_get(fd: u32, prestat: u32);
            fn fd_prestat_dir_name(fd: u32, path: u32, path_len: u32);
            fn fd_pwrite(fd: u32, iovs: u32, iovs_len: u32, offset: u64, size: u32);
            fn fd_read(fd: u32, iovs: u32, iovs_len: u32, size: u32);
            fn fd_readdir(fd: u32, buf: u32, buf_len: u32, cookie: u64, size: u32);
            fn fd_renumber(fd: u32, to: u32);
            fn fd_seek(fd: u32, offset: i64, whence: u32, position: u32);
            fn fd_sync(fd: u32);
            fn fd_tell(fd: u32, position: u32);
            fn fd_write(fd: u32, iovs: u32, iovs_len: u32, size: u32);
            fn path_create_directory(fd: u32, path: u32, path_len: u32);
            fn path_filestat_get(fd: u32, lookup: u32, path: u32, path_len: u32, stat: u32);
            fn path_filestat_set_times(fd: u32, lookup: u32, path: u32, path_len: u32, accessed: u64, modified: u64, fstflags: u32);
            fn path_link(old_fd: u32, lookup: u32, old_path: u32, old_path_len: u32, new_fd: u32, new_path: u32, new_path_len: u32);
            fn path_open(fd: u32, lookup: u32, path: u32, path_len: u32, oflags: u32, base: u64, inheriting: u64, fdflags: u32, opened: u32);
            fn path_readlink(fd: u32, path: u32, path_len: u32, buf: u32, buf_len: u32, size: u32);
            fn path_remove_directory(fd: u32, path: u32, path_len: u32);
            fn path_rename(old_fd: u32, old_path: u32, old_path_len: u32, new_fd: u32, new_path: u32, new_path_len: u32);
            fn path_symlink(old_path: u32, old_path_len: u32, fd: u32, new_path: u32, new_path_len: u32);
            fn path_unlink_file(fd: u32, path: u32, path_len: u32);
            fn poll_oneoff(subscriptions: u32, events: u32, count: u32, size: u32);
            fn proc_exit(code: u32);
            fn proc_raise(signal: u32);
            fn sched_yield();
            fn random_get(buf: u32, buf_len: u32);
            fn sock_accept(fd: u32, fdflags: u32, accepted: u32);
            fn sock_recv(fd: u32, iovs: u32, iovs_len: u32, riflags: u32, size: u32, roflags: u32);
            fn sock_send(fd: u32, iovs: u32, iovs_len: u32, siflags: u32, size: u32);
            fn sock_shutdown(fd: u32, how: u32);
        }
    };
}

/// The name of the module that programs import the functions from.
pub const MODULE: &str = "wasi_snapshot_preview1";

/// A type of WebAssembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// 32 bits.
    I32,
    /// 64 bits.
    I64,
}

/// The signature of one function, for messages about imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// The types of its parameters.
    pub params: &'static [ValueType],
    /// Whether it returns an `i32`; nothing otherwise.
    pub returns_errno: bool,
}

macro_rules! value_type {
    (u32) => {
        ValueType::I32
    };
    ($wide:ident) => {
        ValueType::I64
    };
}

macro_rules! list {
    ([] $(fn $name:ident($($parameter:ident: $type:ident),*);)*) => {
        /// All functions, by family.
        pub const FUNCTIONS: &[Function] = &[$(Function {
            name: stringify!($name),
            params: &[$(value_type!($type)),*],
            returns_errno: !matches!(stringify!($name).as_bytes(), b"proc_exit"),
        }),*];
    };
}

for_each_function!(list);

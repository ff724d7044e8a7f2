//! `wasi:filesystem`.

use veracruz_wasi::{
    Errno,
    interfaces::{self, Interfaces},
};
use wasmtime::component::{Linker, Resource, ResourceType};

use super::{
    Context, Guest, Instance, interface,
    types::{
        Advice, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry,
        DirectoryEntryStream, ErrorCode, InputStream, IoError, MetadataHashValue, NewTimestamp,
        OpenFlags, OutputStream, PathFlags,
    },
    wasi,
};

type This = Resource<Descriptor>;
type Answer<T> = wasmtime::Result<(Result<T, ErrorCode>,)>;

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut preopens = interface(linker, "wasi:filesystem/preopens")?;
    preopens.func_wrap("get-directories", |mut context: Context<'_>, (): ()| {
        let open = wasi(&mut context).preopened()?.into_iter();
        let open = open.map(|(number, name)| (This::new_own(number), name));
        Ok((open.collect::<Vec<_>>(),))
    })?;
    let mut types = interface(linker, "wasi:filesystem/types")?;
    types.resource(
        "descriptor",
        ResourceType::host::<Descriptor>(),
        |mut context, number| Ok(wasi(&mut context).drop_descriptor(number)?),
    )?;
    types.resource(
        "directory-entry-stream",
        ResourceType::host::<DirectoryEntryStream>(),
        |mut context, number| Ok(wasi(&mut context).drop_listing(number)?),
    )?;
    types.func_wrap(
        "filesystem-error-code",
        |mut context: Context<'_>, (error,): (Resource<IoError>,)| {
            let errno = wasi(&mut context).error(error.rep())?;
            Ok((Some(ErrorCode::from(errno)),))
        },
    )?;
    files(&mut types)?;
    status(&mut types)?;
    listing(&mut types)?;
    paths(&mut types)
}

/// What is in files.
fn files(types: &mut Instance<'_>) -> wasmtime::Result<()> {
    types.func_wrap(
        "[method]descriptor.read-via-stream",
        |mut context: Context<'_>, (this, offset): (This, u64)| {
            answer(&mut context, |wasi| {
                let stream = wasi.read_via_stream(this.rep(), offset)?;
                Ok(Resource::<InputStream>::new_own(stream))
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.write-via-stream",
        |mut context: Context<'_>, (this, offset): (This, u64)| {
            answer(&mut context, |wasi| {
                let stream = wasi.write_via_stream(this.rep(), offset)?;
                Ok(Resource::<OutputStream>::new_own(stream))
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.append-via-stream",
        |mut context: Context<'_>, (this,): (This,)| {
            answer(&mut context, |wasi| {
                let stream = wasi.append_via_stream(this.rep())?;
                Ok(Resource::<OutputStream>::new_own(stream))
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.read",
        |mut context: Context<'_>, (this, len, offset): (This, u64, u64)| {
            answer(&mut context, |wasi| {
                Ok(wasi.read(this.rep(), len, offset)?)
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.write",
        |mut context: Context<'_>, (this, bytes, offset): (This, Vec<u8>, u64)| {
            answer(&mut context, |wasi| {
                Ok(wasi.write(this.rep(), &bytes, offset)?)
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.set-size",
        |mut context: Context<'_>, (this, size): (This, u64)| {
            answer(&mut context, |wasi| Ok(wasi.set_size(this.rep(), size)?))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.advise",
        |mut context: Context<'_>, (this, offset, len, _): (This, u64, u64, Advice)| {
            answer(&mut context, |wasi| {
                Ok(wasi.advise(this.rep(), offset, len)?)
            })
        },
    )?;
    for name in ["[method]descriptor.sync", "[method]descriptor.sync-data"] {
        types.func_wrap(name, |mut context: Context<'_>, (this,): (This,)| {
            answer(&mut context, |wasi| Ok(wasi.sync(this.rep())?))
        })?;
    }
    Ok(())
}

/// What is known about files and folders.
fn status(types: &mut Instance<'_>) -> wasmtime::Result<()> {
    types.func_wrap(
        "[method]descriptor.get-flags",
        |mut context: Context<'_>, (this,): (This,)| {
            answer(&mut context, |wasi| Ok(flags(wasi.rights(this.rep())?)))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.get-type",
        |mut context: Context<'_>, (this,): (This,)| {
            answer(&mut context, |wasi| {
                Ok(DescriptorType::from(wasi.status(this.rep())?.kind))
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.stat",
        |mut context: Context<'_>, (this,): (This,)| {
            answer(&mut context, |wasi| {
                Ok(DescriptorStat::from(wasi.status(this.rep())?))
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.stat-at",
        |mut context: Context<'_>, (this, flags, path): (This, PathFlags, String)| {
            answer(&mut context, |wasi| {
                let status = wasi.status_at(this.rep(), &path, follows(flags))?;
                Ok(DescriptorStat::from(status))
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.metadata-hash",
        |mut context: Context<'_>, (this,): (This,)| {
            answer(&mut context, |wasi| {
                Ok(MetadataHashValue::from(wasi.status(this.rep())?))
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.metadata-hash-at",
        |mut context: Context<'_>, (this, flags, path): (This, PathFlags, String)| {
            answer(&mut context, |wasi| {
                let status = wasi.status_at(this.rep(), &path, follows(flags))?;
                Ok(MetadataHashValue::from(status))
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.is-same-object",
        |mut context: Context<'_>, (this, other): (This, This)| {
            let wasi = wasi(&mut context);
            let inode = |this: &This| wasi.status(this.rep()).map(|status| status.inode);
            Ok((inode(&this).is_ok() && inode(&this) == inode(&other),))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.set-times",
        |mut context: Context<'_>,
         (this, accessed, modified): (This, NewTimestamp, NewTimestamp)| {
            answer(&mut context, |wasi| {
                Ok(wasi.set_times(this.rep(), accessed.try_into()?, modified.try_into()?)?)
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.set-times-at",
        |mut context: Context<'_>,
         (this, flags, path, accessed, modified): (
            This,
            PathFlags,
            String,
            NewTimestamp,
            NewTimestamp,
        )| {
            answer(&mut context, |wasi| {
                let (accessed, modified) = (accessed.try_into()?, modified.try_into()?);
                let follow = follows(flags);
                Ok(wasi.set_times_at(this.rep(), &path, follow, accessed, modified)?)
            })
        },
    )
}

fn listing(types: &mut Instance<'_>) -> wasmtime::Result<()> {
    types.func_wrap(
        "[method]descriptor.read-directory",
        |mut context: Context<'_>, (this,): (This,)| {
            answer(&mut context, |wasi| {
                let listing = wasi.read_directory(this.rep())?;
                Ok(Resource::<DirectoryEntryStream>::new_own(listing))
            })
        },
    )?;
    types.func_wrap(
        "[method]directory-entry-stream.read-directory-entry",
        |mut context: Context<'_>, (this,): (Resource<DirectoryEntryStream>,)| {
            answer(&mut context, |wasi| {
                let entry = wasi.next_entry(this.rep())?;
                Ok(entry.map(|entry| DirectoryEntry {
                    kind: entry.kind.into(),
                    name: entry.name,
                }))
            })
        },
    )
}

/// What changes names.
fn paths(types: &mut Instance<'_>) -> wasmtime::Result<()> {
    types.func_wrap(
        "[method]descriptor.open-at",
        |mut context: Context<'_>,
         (this, path_flags, path, flags, rights): (
            This,
            PathFlags,
            String,
            OpenFlags,
            DescriptorFlags,
        )| {
            answer(&mut context, |wasi| {
                let flags = open_flags(path_flags, flags, rights)?;
                Ok(This::new_own(wasi.open_at(this.rep(), &path, flags)?))
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.create-directory-at",
        |mut context: Context<'_>, (this, path): (This, String)| {
            answer(&mut context, |wasi| {
                Ok(wasi.create_directory_at(this.rep(), &path)?)
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.remove-directory-at",
        |mut context: Context<'_>, (this, path): (This, String)| {
            answer(&mut context, |wasi| {
                Ok(wasi.remove_directory_at(this.rep(), &path)?)
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.unlink-file-at",
        |mut context: Context<'_>, (this, path): (This, String)| {
            answer(&mut context, |wasi| {
                Ok(wasi.unlink_file_at(this.rep(), &path)?)
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.readlink-at",
        |mut context: Context<'_>, (this, path): (This, String)| {
            answer(&mut context, |wasi| {
                Ok(wasi.read_link_at(this.rep(), &path)?)
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.symlink-at",
        |mut context: Context<'_>, (this, target, path): (This, String, String)| {
            answer(&mut context, |wasi| {
                Ok(wasi.symlink_at(this.rep(), &target, &path)?)
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.link-at",
        |mut context: Context<'_>,
         (this, flags, old, to, new): (This, PathFlags, String, This, String)| {
            answer(&mut context, |wasi| {
                Ok(wasi.link_at(this.rep(), &old, follows(flags), to.rep(), &new)?)
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.rename-at",
        |mut context: Context<'_>, (this, old, to, new): (This, String, This, String)| {
            answer(&mut context, |wasi| {
                Ok(wasi.rename_at(this.rep(), &old, to.rep(), &new)?)
            })
        },
    )
}

/// Files fail by a code and never end a program.
fn answer<T>(
    context: &mut Context<'_>,
    ask: impl FnOnce(&mut Interfaces) -> Result<T, ErrorCode>,
) -> Answer<T> {
    Ok((ask(wasi(context)),))
}

fn follows(flags: PathFlags) -> bool {
    flags.contains(PathFlags::SYMLINK_FOLLOW)
}

fn flags(rights: Option<veracruz_vfs::Rights>) -> DescriptorFlags {
    let Some(rights) = rights else {
        return DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY;
    };
    let mut flags = DescriptorFlags::empty();
    if rights.read {
        flags |= DescriptorFlags::READ;
    }
    if rights.write {
        flags |= DescriptorFlags::WRITE;
    }
    flags
}

/// As preview 1 would open it, which has no disk to wait for either.
fn open_flags(
    path: PathFlags,
    open: OpenFlags,
    rights: DescriptorFlags,
) -> Result<interfaces::OpenFlags, ErrorCode> {
    let of_a_disk = DescriptorFlags::FILE_INTEGRITY_SYNC
        | DescriptorFlags::DATA_INTEGRITY_SYNC
        | DescriptorFlags::REQUESTED_WRITE_SYNC;
    if rights.intersects(of_a_disk) {
        return Err(Errno::Notsup.into());
    }
    Ok(interfaces::OpenFlags {
        follow: follows(path),
        create: open.contains(OpenFlags::CREATE),
        exclusive: open.contains(OpenFlags::EXCLUSIVE),
        truncate: open.contains(OpenFlags::TRUNCATE),
        directory: open.contains(OpenFlags::DIRECTORY),
        read: rights.contains(DescriptorFlags::READ),
        write: rights.contains(DescriptorFlags::WRITE),
    })
}

// Whole files as text, over WASI: JavaScript has no files of its own.

import { getDirectories } from 'wasi:filesystem/preopens@0.2.3';

const CHUNK = 1n << 20n;

export function readText(path) {
  const file = open(path, {}, { read: true });
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  for (let offset = 0n, end = false; !end; ) {
    let bytes;
    [bytes, end] = file.read(CHUNK, offset);
    offset += BigInt(bytes.length);
    end ||= bytes.length === 0;
    text += decoder.decode(bytes, { stream: !end });
  }
  return text;
}

export function writeText(path, text) {
  const file = open(path, { create: true, truncate: true }, { write: true });
  const bytes = new TextEncoder().encode(text);
  for (let offset = 0; offset < bytes.length; ) {
    offset += Number(file.write(bytes.subarray(offset), BigInt(offset)));
  }
}

function open(path, openFlags, flags) {
  for (const [folder, name] of getDirectories()) {
    const prefix = name.endsWith('/') ? name : `${name}/`;
    if (path.startsWith(prefix)) {
      return folder.openAt({ symlinkFollow: true }, path.slice(prefix.length), openFlags, flags);
    }
  }
  throw new Error(`${path}: no such file`);
}

/** Writes cpio archives in the "newc" form that the kernel unpacks as its initial root (initramfs). */

export interface ArchiveEntry {
  readonly path: string;
  /** File type and permissions as in st_mode. */
  readonly mode: number;
  readonly content: Uint8Array;
  /** Major and minor number of a device. */
  readonly device?: readonly [number, number];
}

export const ENTRY_MODE = {
  directory: 0o040755,
  file: 0o100644,
  program: 0o100755,
  character: 0o020600,
} as const;

const EMPTY = new Uint8Array(0);

export const directoryEntry = (path: string): ArchiveEntry => ({
  path,
  mode: ENTRY_MODE.directory,
  content: EMPTY,
});

export const deviceEntry = (path: string, major: number, minor: number): ArchiveEntry => ({
  path,
  mode: ENTRY_MODE.character,
  content: EMPTY,
  device: [major, minor],
});

/** Entries with all their parent directories before them, each once. */
export function withParents(entries: readonly ArchiveEntry[]): ArchiveEntry[] {
  const known = new Set(entries.filter((entry) => isDirectory(entry)).map((entry) => entry.path));
  const parents: ArchiveEntry[] = [];
  for (const entry of entries) {
    const parts = entry.path.split('/').slice(0, -1);
    parts.forEach((_, index) => {
      const path = parts.slice(0, index + 1).join('/');
      if (known.has(path)) return;
      known.add(path);
      parents.push(directoryEntry(path));
    });
  }
  return [...parents, ...entries].sort((left, right) => depth(left) - depth(right));
}

const isDirectory = (entry: ArchiveEntry) => (entry.mode & 0o170000) === 0o040000;
const depth = (entry: ArchiveEntry) => (isDirectory(entry) ? entry.path.split('/').length : 1000);

/** The archive as one buffer; several archives may follow each other in one initial root. */
export function cpioArchive(entries: readonly ArchiveEntry[]): Buffer {
  const parts: Uint8Array[] = [];
  withParents(entries).forEach((entry, index) => {
    parts.push(header(entry, index + 1), padding(110 + entry.path.length + 1));
    parts.push(entry.content, padding(entry.content.length));
  });
  parts.push(header({ path: 'TRAILER!!!', mode: 0, content: EMPTY }, 0), padding(110 + 11));
  return Buffer.concat(parts);
}

function header(entry: ArchiveEntry, inode: number): Buffer {
  const [major, minor] = entry.device ?? [0, 0];
  const name = Buffer.byteLength(entry.path) + 1;
  const links = isDirectory(entry) ? 2 : 1;
  const fields = [inode, entry.mode, 0, 0, links, 0, entry.content.length, 0, 0, major, minor, name, 0];
  const digits = fields.map((field) => field.toString(16).padStart(8, '0')).join('');
  return Buffer.from(`070701${digits}${entry.path}\0`);
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}

/**
 * A host over a map of files that keeps every kernel write in order and can refuse any of them: for tests about what
 * is written, when, and what happens when the kernel says no. It has no behaviour of its own beyond DAMON's one rule
 * that matters to a writer: a count wipes its numbered children.
 */
import { failure, success } from '../../src/base/result.js';
import type { Answer, Calls, FileStatus, Host } from '../../src/host/host.js';
import type { ErrnoName } from '../../src/vocabulary/errno.js';
import { GEOMETRY_4K } from '../../src/vocabulary/units.js';

export interface WrittenHost {
  readonly host: Host;
  readonly files: Map<string, string>;
  /** Kernel writes that were accepted, `path = text`. */
  readonly writes: string[];
  /** Milliseconds slept, in order. */
  readonly sleeps: number[];
  /** Called before every kernel write; an errno refuses it. */
  refuse: (path: string, text: string) => ErrnoName | undefined;
  /** Called after every accepted kernel write: what the kernel changes by itself. */
  react: (path: string, text: string) => void;
  /** Called before every read; an errno refuses it. */
  refuseRead: (path: string) => ErrnoName | undefined;
}

export function writtenHost(initial: Readonly<Record<string, string>>, pid = 4242): WrittenHost {
  const files = new Map(Object.entries(initial));
  const writes: string[] = [];
  const sleeps: number[] = [];
  let now = 0;
  const self: WrittenHost = {
    files,
    writes,
    sleeps,
    refuse: () => undefined,
    react: () => undefined,
    refuseRead: () => undefined,
    host: {
      files: {
        list: (path) => listing(files, path),
        status: (path) => statusOf(files, path),
        link: (path) => no('EINVAL', path),
        readText: (path) => {
          const errno = self.refuseRead(path);
          if (errno) return no(errno, path);
          const text = files.get(path);
          return text === undefined ? no('ENOENT', path) : success(text);
        },
        readBytes: (path) => {
          const text = files.get(path);
          return text === undefined ? no('ENOENT', path) : success(Buffer.from(text, 'latin1'));
        },
        open: (path) => no('ENOENT', path),
        writeKernelFile: (path, text) => {
          const errno = self.refuse(path, text);
          if (errno) return failure({ errno, call: `write ${path}` });
          writes.push(`${path} = ${text}`);
          wipeChildren(files, path);
          files.set(path, `${text.trim()}\n`);
          self.react(path, text);
          return success(undefined);
        },
        canWrite: () => success(undefined),
        writeFile: (path, content) => {
          files.set(path, String(content));
          return success(undefined);
        },
        appendTo: (path) => no('EROFS', path),
        createExclusive: (path, text) => {
          if (files.has(path)) return no('EEXIST', path);
          files.set(path, text);
          return success(undefined);
        },
        makeDirectory: () => success(undefined),
        remove: (path) => (files.delete(path) ? success(undefined) : no('ENOENT', path)),
      },
      calls: {} as Calls,
      clock: {
        monotonicNs: () => now,
        wallMs: () => now / 1e6,
        sleep: async (duration) => {
          sleeps.push(duration);
          now += duration * 1e6;
        },
      },
      random: { uint32: () => 0x8000_0000 },
      identity: {
        kind: 'model',
        architecture: 'x64',
        geometry: GEOMETRY_4K,
        pid,
        userId: 0,
        isPrivileged: true,
        bootId: 'boot-1',
        stateDirectory: '/state',
      },
    },
  };
  files.set(`/proc/${pid}/stat`, statLine(pid, 100));
  return self;
}

/** A BTF file with these names, as text of one byte a character. */
export function btfOf(...names: readonly string[]): string {
  const strings = `\0${names.join('\0')}\0`;
  const header = Buffer.alloc(24);
  header.writeUInt16LE(0xeb9f, 0);
  header.writeUInt8(1, 2);
  header.writeUInt32LE(24, 4);
  header.writeUInt32LE(strings.length, 20);
  return header.toString('latin1') + strings;
}

/** /proc/PID/stat of a process with a start time. */
export function statLine(pid: number, startTicks: number): string {
  const fields = ['S', '1', ...Array<string>(17).fill('0'), String(startTicks), '0'];
  return `${pid} (octavo) ${fields.join(' ')}\n`;
}

function no<Value>(errno: ErrnoName, path: string): Answer<Value> {
  return failure({ errno, call: path });
}

function listing(files: ReadonlyMap<string, string>, path: string): Answer<readonly string[]> {
  const names = new Set<string>();
  for (const file of files.keys()) {
    if (file.startsWith(`${path}/`)) names.add(file.slice(path.length + 1).split('/')[0]);
  }
  return names.size > 0 ? success([...names]) : no('ENOENT', path);
}

function statusOf(files: ReadonlyMap<string, string>, path: string): Answer<FileStatus> {
  const plain = { mode: 0o600, bytes: 0, modifiedMs: 0 };
  if (files.has(path)) return success({ kind: 'file', ...plain });
  const isFolder = [...files.keys()].some((file) => file.startsWith(`${path}/`));
  return isFolder ? success({ kind: 'directory', ...plain }) : no('ENOENT', path);
}

function wipeChildren(files: Map<string, string>, path: string): void {
  const count = /^(.*)\/nr_(?!accesses)[a-z]+$/.exec(path);
  if (!count) return;
  for (const file of [...files.keys()]) {
    if (/^\/\d+\//.test(file.slice(count[1].length)) && file.startsWith(`${count[1]}/`)) files.delete(file);
  }
}

/** A host whose disk and clocks a test has in its hands: room, a plug to pull, wall time, uptime and boots. */
import { failure, success } from '../../src/base/result.js';
import { type Observation, valuesOf } from '../../src/history/observation.js';
import type { Answer, Calls, Host } from '../../src/host/host.js';
import type { ErrnoName } from '../../src/vocabulary/errno.js';
import { GEOMETRY_4K } from '../../src/vocabulary/units.js';

/** Thrown when the plug is pulled in the middle of a write. */
export class Killed extends Error {}

export class HistoryHost implements Host {
  readonly disk = new Map<string, Buffer>();
  readonly identity: Host['identity'];
  readonly files: Host['files'];
  readonly clock: Host['clock'];
  readonly calls = {} as Calls;
  readonly random = { uint32: () => 7 };
  wallMs = 1_700_000_000_000;
  uptimeMs = 1_000_000;
  hasUptime = true;
  /** Bytes that the disk takes in all. */
  room = Number.POSITIVE_INFINITY;
  /** How a write is refused that has no room. */
  refusal: ErrnoName = 'ENOSPC';
  /** Bytes of the appends to come, until the plug is pulled. */
  plug = Number.POSITIVE_INFINITY;
  /** Calls that changed anything. */
  changes = 0;
  /** Files that cannot be read. */
  readonly unreadable = new Map<string, ErrnoName>();

  constructor(bootId = 'boot-1', disk?: ReadonlyMap<string, Buffer>) {
    for (const [path, bytes] of disk ?? []) this.disk.set(path, bytes);
    this.identity = {
      kind: 'model',
      architecture: 'x64',
      geometry: GEOMETRY_4K,
      pid: 1,
      userId: 0,
      isPrivileged: true,
      bootId,
      stateDirectory: '/state',
    };
    this.clock = {
      monotonicNs: () => this.uptimeMs * 1e6,
      wallMs: () => this.wallMs,
      sleep: async (ms) => this.pass(ms),
    };
    this.files = this.#files();
  }

  /** Time passes by all clocks. */
  pass(ms: number): void {
    this.wallMs += ms;
    this.uptimeMs += ms;
  }

  get place() {
    return { host: this, directory: '/state' };
  }

  used(): number {
    return [...this.disk.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Paths of a tier, oldest first. */
  segments(tier: string): string[] {
    return [...this.disk.keys()].filter((path) => path.startsWith(`/state/history/${tier}.`)).sort();
  }

  text(path: string): string {
    return this.disk.get(path)?.toString() ?? '';
  }

  #read(path: string): Answer<Buffer> {
    const errno = this.unreadable.get(path);
    if (errno) return failure({ errno, call: `read ${path}` });
    if (path === '/proc/uptime' && this.hasUptime)
      return success(Buffer.from(`${(this.uptimeMs / 1000).toFixed(2)} 0.00\n`));
    const bytes = this.disk.get(path);
    return bytes ? success(bytes) : failure({ errno: 'ENOENT', call: `read ${path}` });
  }

  #write(path: string, bytes: Buffer): Answer<void> {
    const before = this.disk.get(path)?.length ?? 0;
    if (this.used() + bytes.length - before > this.room)
      return failure({ errno: this.refusal, call: `write ${path}` });
    this.disk.set(path, bytes);
    return success(undefined);
  }

  #append(path: string, text: string): Answer<void> {
    const more = Buffer.from(text);
    const before = this.disk.get(path) ?? Buffer.alloc(0);
    if (more.length > this.plug) {
      this.disk.set(path, Buffer.concat([before, more.subarray(0, this.plug)]));
      throw new Killed(path);
    }
    this.plug -= more.length;
    return this.#write(path, Buffer.concat([before, more]));
  }

  #files(): Host['files'] {
    const absent = (call: string) => failure({ errno: 'ENOENT' as const, call });
    const changing =
      <Given extends unknown[], Value>(act: (...given: Given) => Value) =>
      (...given: Given): Value => {
        this.changes++;
        return act(...given);
      };
    return {
      list: (path) => {
        const errno = this.unreadable.get(path);
        if (errno) return failure({ errno, call: `list ${path}` });
        const names = [...this.disk.keys()].filter((name) => name.startsWith(`${path}/`));
        return names.length > 0
          ? success(names.map((name) => name.slice(path.length + 1)))
          : absent(`list ${path}`);
      },
      status: (path) => {
        const bytes = this.disk.get(path)?.length;
        if (bytes === undefined) return absent(`stat ${path}`);
        return success({ kind: 'file' as const, mode: 0o600, bytes, modifiedMs: 0 });
      },
      link: (path) => absent(path),
      readText: (path) => {
        const read = this.#read(path);
        return read.ok ? success(read.value.toString()) : read;
      },
      readBytes: (path) => this.#read(path),
      open: (path) => {
        const read = this.#read(path);
        if (!read.ok) return read;
        const copy = (into: Uint8Array, at: number) => success(read.value.copy(into, 0, at));
        return success({ path, read: copy, close: () => undefined });
      },
      writeKernelFile: (path) => absent(path),
      canWrite: (path) => absent(path),
      writeFile: changing((path: string, content: string | Uint8Array) =>
        this.#write(path, Buffer.from(content as string)),
      ),
      appendTo: changing((path: string) => {
        if (!this.disk.has(path)) this.disk.set(path, Buffer.alloc(0));
        const append = changing((text: string) => this.#append(path, text));
        return success({ append, close: () => undefined });
      }),
      createExclusive: (path) => absent(path),
      makeDirectory: changing(() => success(undefined)),
      remove: changing((path: string) => {
        this.disk.delete(path);
        return success(undefined);
      }),
    };
  }
}

/** An observation with a few known values. */
export function observed(
  target: string,
  known: Parameters<typeof valuesOf>[0],
  more: Partial<Observation> = {},
): Observation {
  return {
    target,
    atMs: 0,
    policy: 'octavo',
    state: 'acting',
    values: valuesOf(known),
    notes: [],
    ...more,
  };
}

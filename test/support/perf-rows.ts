/** Reads perf.data bytes through the source as a test does: from a map of files, cut into chunks of any size. */
import type { Files, Host } from '../../src/host/host.js';
import { PerfFileSource, type PerfInput } from '../../src/sources/perf-file.js';
import { GEOMETRY_4K } from '../../src/vocabulary/units.js';

export interface Row {
  readonly pid: number;
  readonly tid: number;
  readonly address: bigint;
  readonly physical: bigint;
  readonly time: number;
  readonly kind: number;
  readonly weight: number;
  readonly flags: number;
  readonly latency: number;
  readonly event: number;
  readonly page: number;
  readonly frame: number;
}

/** A host whose files are the given bytes, read at most `chunk` bytes at a time. */
export function hostOf(files: Readonly<Record<string, Uint8Array>>, chunk = Number.POSITIVE_INFINITY): Host {
  const refusal = { ok: false, error: { errno: 'ENOENT', call: 'open' } } as const;
  const reading: Partial<Files> = {
    status: (path) => {
      if (Object.keys(files).some((name) => name.startsWith(`${path}/`))) return status('directory', 0);
      return files[path] === undefined ? refusal : status('file', files[path].length);
    },
    list: (path) => ({
      ok: true,
      value: Object.keys(files)
        .filter((name) => name.startsWith(`${path}/`))
        .map((name) => name.slice(path.length + 1)),
    }),
    open: (path) => {
      const bytes = files[path];
      if (bytes === undefined) return refusal;
      return {
        ok: true,
        value: {
          path,
          read: (into, position) => {
            const part = bytes.subarray(position, position + Math.min(into.length, chunk));
            into.set(part);
            return { ok: true, value: part.length };
          },
          close: () => {},
        },
      };
    },
  };
  return { files: reading } as unknown as Host;
}

function status(kind: 'file' | 'directory', bytes: number) {
  return { ok: true, value: { kind, bytes, mode: 0o644, modifiedMs: 0 } } as const;
}

export async function* streamOf(bytes: Uint8Array, chunk: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunk) yield bytes.slice(at, at + chunk);
}

export interface Read {
  readonly rows: Row[];
  readonly source: PerfFileSource;
}

/** All rows of a recording, with the time counted from zero. */
export async function readRows(
  bytes: Uint8Array | Readonly<Record<string, Uint8Array>>,
  options: { chunk?: number; stream?: boolean; pids?: ReadonlySet<number> } = {},
): Promise<Read> {
  const files = bytes instanceof Uint8Array ? { 'perf.data': bytes } : bytes;
  const path = bytes instanceof Uint8Array ? 'perf.data' : 'perf.dir';
  const input: PerfInput = {
    path,
    geometry: GEOMETRY_4K,
    ...(options.pids === undefined ? {} : { pids: options.pids }),
    ...(options.stream ? { stream: streamOf(files[path], options.chunk ?? 65536) } : {}),
  };
  const source = new PerfFileSource(input);
  const rows: Row[] = [];
  const context = {
    host: hostOf(files, options.chunk),
    progress: () => {},
    signal: new AbortController().signal,
  };
  for await (const batch of source.batches(context)) {
    for (let i = 0; i < batch.count; i++) {
      rows.push({
        pid: batch.pid[i],
        tid: batch.tid[i],
        address: wide(batch.addressLow[i], batch.addressHigh[i]),
        physical: wide(batch.physicalLow[i], batch.physicalHigh[i]),
        time: Number.isNaN(batch.time[i]) ? -1 : Number(batch.timeOrigin) + batch.time[i],
        kind: batch.kind[i],
        weight: batch.weight[i],
        flags: batch.flags[i],
        latency: batch.latency[i],
        event: batch.event[i],
        page: batch.virtualPage[i],
        frame: batch.physicalPage[i],
      });
    }
  }
  return { rows, source };
}

function wide(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

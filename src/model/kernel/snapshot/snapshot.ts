/**
 * Saving and resuming a model: a walk over everything that hangs below the given roots, by identity, so that what is
 * shared stays shared. Layout: one line of JSON (header), a line of JSON for each object in the order in which it was
 * met, then the parts of typed arrays that are not zero. Numbers are little-endian.
 */
import type { Result } from '../../../base/result.js';
import { failure, success } from '../../../base/result.js';
import {
  SNAPSHOT_KIND,
  SNAPSHOT_VERSION,
  type SnapshotClass,
  type SnapshotHeader,
  shapeOf,
} from './snapshot-format.js';
import { SnapshotReader } from './snapshot-reader.js';
import { SnapshotWriter } from './snapshot-writer.js';

/** Everything reachable from `roots`. Functions and unknown classes are bugs and throw. */
export function saveSnapshot(
  roots: Readonly<Record<string, unknown>>,
  classes: readonly SnapshotClass[],
): Uint8Array {
  return new SnapshotWriter(classes).write(roots);
}

/** The roots as they were saved, or in one sentence why these bytes cannot be read. */
export function loadSnapshot(
  bytes: Uint8Array,
  classes: readonly SnapshotClass[],
): Result<Record<string, unknown>, string> {
  const newline = bytes.indexOf(10);
  const header = parseHeader(bytes.subarray(0, Math.max(0, newline)));
  if (header === undefined) return failure('it is no model snapshot');
  if (header.version !== SNAPSHOT_VERSION)
    return failure(
      `it is a snapshot of version ${header.version}, and this Octavo reads version ${SNAPSHOT_VERSION}`,
    );
  for (const known of classes) {
    const shape = header.shapes[known.name];
    if (shape !== undefined && shape !== shapeOf(known))
      return failure(`it was saved by another Octavo: ${known.name} has other fields there`);
  }
  const unknown = Object.keys(header.shapes).find((name) => !classes.some((known) => known.name === name));
  if (unknown !== undefined) return failure(`it holds a ${unknown}, which this Octavo does not know`);
  try {
    return success(new SnapshotReader(bytes.subarray(newline + 1), header, classes).read());
  } catch (problem) {
    return failure(`it is damaged (${(problem as Error).message})`);
  }
}

function parseHeader(line: Uint8Array): SnapshotHeader | undefined {
  if (line.length === 0 || line.length > 65536) return undefined;
  try {
    const header = JSON.parse(new TextDecoder().decode(line)) as SnapshotHeader;
    return header.octavo === SNAPSHOT_KIND && typeof header.shapes === 'object' ? header : undefined;
  } catch {
    return undefined;
  }
}

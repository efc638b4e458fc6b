/** A recorded folder on disk: its manifest, its tree of texts, its positional reads. */

import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseJson } from '../../base/json-text.js';
import { schemaProblem } from '../../base/schema-words.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { errnoOf } from '../linux/files.js';
import { MANIFEST_NAME, type Manifest, ManifestSchema } from '../recording/manifest.js';
import { Pieces } from '../recording/pieces.js';

/**
 * Opens a recorded folder. Throws an OctavoError where its manifest is missing, damaged or of a later
 * version.
 */
export class RecordedFolder {
  readonly path: string;
  readonly manifest: Manifest;
  readonly #positional = new Map<string, Pieces>();

  /** Throws FILE_UNREADABLE or FILE_MALFORMED. */
  constructor(path: string) {
    this.path = path;
    this.manifest = readManifest(join(path, MANIFEST_NAME));
  }

  /** Where the contents of a kernel file lie. `..` cannot lead out of the tree. */
  inTree(path: string): string {
    return join(this.path, 'tree', posix.normalize(`/${path}`));
  }

  /** What was read of a file at positions; undefined when it was not. */
  positional(path: string): Pieces | undefined {
    const known = this.#positional.get(path);
    if (known) return known;
    const record = this.manifest.positional[path];
    if (!record) return undefined;
    const pieces = Pieces.from({ ...record, bytes: this.#blob(record.blob) });
    this.#positional.set(path, pieces);
    return pieces;
  }

  /** The failure of a read of what was not recorded. */
  lacks(what: string): OctavoError {
    return new OctavoError('RECORDING_LACKS', { path: this.path, what });
  }

  #blob(name: string): Uint8Array {
    const path = join(this.path, 'positional', name);
    const packed = readOr(path);
    try {
      return gunzipSync(packed);
    } catch {
      throw new OctavoError('FILE_MALFORMED', {
        path,
        problem: 'cannot be unpacked',
        place: 'its gzip data',
      });
    }
  }
}

function readManifest(path: string): Manifest {
  const text = new TextDecoder().decode(readOr(path));
  const value = parseJson(text);
  if (!value.ok) throw new OctavoError('FILE_MALFORMED', { path, ...value.error });
  const parsed = ManifestSchema.safeParse(value.value);
  if (parsed.success) return parsed.data;
  throw new OctavoError('FILE_MALFORMED', { path, ...schemaProblem(parsed.error) });
}

function readOr(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new OctavoError('FILE_UNREADABLE', { path, errno: errnoOf(error) });
  }
}

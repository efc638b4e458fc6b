/** Bounds of the journal, for every command that adds to it. */
import { DEFAULT_RETENTION, type Retention } from '../cycle/retention.js';
import { parseBytes, parseCount, parseDuration } from './parameters.js';

/** Parsed bounds of the journal. */
export type KeepFlags = {
  readonly keepRuns?: number;
  readonly keepBytes?: number;
  readonly keepAge?: number;
};

/** Declarations of `--keep-runs`, `--keep-bytes` and `--keep-age`. */
export const keepFlags = {
  keepRuns: {
    kind: 'parsed',
    parse: parseCount,
    brief: `Most runs in the journal (default ${DEFAULT_RETENTION.runs}); the oldest go, those undo needs last`,
    optional: true,
    placeholder: 'count',
  },
  keepBytes: {
    kind: 'parsed',
    parse: parseBytes,
    brief: 'Most bytes of journals (default 256M)',
    optional: true,
    placeholder: 'bytes',
  },
  keepAge: {
    kind: 'parsed',
    parse: parseDuration,
    brief: 'Drop runs older than this that undo does not need (default 90d)',
    optional: true,
    placeholder: 'duration',
  },
} as const;

/** Returns the bounds of the journal, with the defaults for what was not given. */
export function retentionOf({ keepRuns, keepBytes, keepAge }: KeepFlags): Retention {
  return {
    runs: keepRuns ?? DEFAULT_RETENTION.runs,
    bytes: keepBytes ?? DEFAULT_RETENTION.bytes,
    age: keepAge ?? DEFAULT_RETENTION.age,
  };
}

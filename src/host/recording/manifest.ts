/**
 * The layout of a recorded host.
 *
 *   octavo-host.json   this manifest
 *   tree/…             texts of kernel files at their own paths (bytes, too, in trees written by hand)
 *   positional/N.gz    what was read as bytes or at positions (pagemap, kpageflags), one file for each path, gzip
 *
 * A tree written by hand needs `complete: true`: what it does not hold is then absent (ENOENT). In a recording what was
 * never asked is not known, and asking for it is the failure RECORDING_LACKS.
 */
import * as z from 'zod';
import type { Advice } from '../../vocabulary/abilities.js';
import { ADVICES } from '../../vocabulary/abilities.js';
import { isErrnoName } from '../../vocabulary/errno.js';

/** Version of the layout; a reader refuses later ones. */
export const RECORDING_VERSION = 1;
/** Name of the manifest in the folder. */
export const MANIFEST_NAME = 'octavo-host.json';

const Count = z.int().nonnegative();
const Errno = z.string().refine(isErrnoName, 'not the name of an errno');

/** What was answered to one kind of question about a path. */
const FileEntrySchema = z
  .object({
    /** Reading as a whole: `stored` under tree/, or refused. */
    read: z.union([z.literal('stored'), Errno]).optional(),
    list: z.union([z.array(z.string()).readonly(), Errno]).optional(),
    link: z.object({ to: z.string() }).or(Errno).optional(),
    status: z
      .object({
        kind: z.enum(['file', 'directory', 'symlink', 'other']),
        mode: Count,
        bytes: Count,
        modifiedMs: z.number(),
      })
      .readonly()
      .or(Errno)
      .optional(),
    /** Whether it could be opened for writing. */
    write: z.union([z.literal('ok'), Errno]).optional(),
    open: z.union([z.literal('ok'), Errno]).optional(),
  })
  .readonly();

const PositionalSchema = z
  .object({
    blob: z.string().regex(/^[0-9]+\.gz$/),
    /** Position and length in turn; the bytes lie one after the other in the blob. */
    pieces: z.array(Count).readonly(),
    /** Positions where a read came to an end before it had what it asked for. */
    ends: z.array(Count).readonly(),
    /** Positions whose reading was refused. */
    refusals: z.array(z.tuple([Count, Errno])).readonly(),
  })
  .readonly();

const ScanSchema = z
  .object({
    pid: Count,
    start: Count,
    end: Count,
    inverted: Count,
    mask: Count,
    anyOf: Count,
    report: Count,
    /** Start page, end page and categories in turn, or why there are none. */
    regions: z.union([z.array(z.number()).readonly(), Errno]),
  })
  .readonly();

/** What reading memory found: for each page whether it held anything but zeroes. Never the memory itself. */
const MemorySchema = z
  .object({
    pid: Count,
    start: Count,
    end: Count,
    /** One bit for each page that was read, in base64; pages beyond were not read. */
    filled: z.string(),
    pages: Count,
    refusal: Errno.optional(),
  })
  .readonly();

/** Schema of the manifest. */
export const ManifestSchema = z
  .object({
    octavo: z.literal('host-recording'),
    version: z.literal(RECORDING_VERSION),
    /** Whether everything that is not in the tree is absent, rather than unknown. */
    complete: z.boolean(),
    recordedAtMs: z.number(),
    identity: z
      .object({
        architecture: z.enum(['x64', 'arm64', 'other']),
        pageBytes: Count,
        blockBytes: Count,
        pid: z.int().positive(),
        userId: z.int(),
        isPrivileged: z.boolean(),
        bootId: z.string(),
      })
      .readonly(),
    /** Seeds the recorded host's random numbers, so that a replay draws the same blocks. */
    seed: Count.default(1),
    files: z.record(z.string(), FileEntrySchema).readonly().default({}),
    positional: z.record(z.string(), PositionalSchema).readonly().default({}),
    advices: z
      .partialRecord(z.enum(ADVICES), z.union([z.literal('ok'), Errno]))
      .readonly()
      .default({}),
    /** Processes that were opened: `ok`, or why not. */
    processes: z
      .record(z.string(), z.union([z.literal('ok'), Errno]))
      .readonly()
      .default({}),
    scans: z.array(ScanSchema).readonly().default([]),
    memory: z.array(MemorySchema).readonly().default([]),
  })
  .readonly();

/** A checked manifest. */
export type Manifest = z.infer<typeof ManifestSchema>;
/** A manifest as it is written, optional keys left out. */
export type ManifestInput = z.input<typeof ManifestSchema>;
/** What is recorded of one path. */
export type FileEntry = z.infer<typeof FileEntrySchema>;
/** One PAGEMAP_SCAN and its answer. */
export type RecordedScan = z.infer<typeof ScanSchema>;
/** Which pages of a process were zero-filled; their bytes are not kept. */
export type RecordedMemory = z.infer<typeof MemorySchema>;
export type { Advice };

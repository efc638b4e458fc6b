/**
 * Beliefs as bytes: a line of JSON, then the counts of each process's blocks, then a CRC-32 of all before it. Little endian.
 * A block is its number (8 bytes), the number of sub-pages with counts (2), those (2 + 2 bytes each, or 2 for every sub-page
 * where most have one), and the counts of its groups. A bitmap is its block's number, its total and its bits.
 */
import { crc32 } from 'node:zlib';
import * as z from 'zod';
import { parseJson } from '../base/json-text.js';
import { failure, type Result, success } from '../base/result.js';
import { ProcessIdentitySchema } from '../vocabulary/process-schema.js';
import type { Bytes } from '../vocabulary/units.js';
import { type BeliefOptions, Beliefs } from './beliefs.js';
import { ByteReader, ByteWriter } from './bytes.js';
import type { ProcessBelief } from './process-belief.js';

/** Version of the format; beliefs of another version are not read. */
export const BELIEFS_VERSION = 1;
const CRC_BYTES = 4;
const LINE_END = 10;

const Amount = z.number().nonnegative();
const ProcessSchema = z.object({
  process: ProcessIdentitySchema,
  exposure: z.object({ long: Amount, short: Amount }),
  seeing: Amount,
  accessesPerSample: z.number().positive().nullable(),
  tellsWalks: z.boolean(),
  learnedAtMs: z.number().nullable(),
  learned: z.string(),
  returns: z.object({ returned: Amount, cameBack: Amount, afterSeconds: Amount }).nullable(),
  ledger: z.object({
    steps: Amount,
    predictedBytes: Amount,
    observedBytes: Amount,
    predictedWalks: Amount,
    observedWalks: Amount,
    undone: Amount,
  }),
  scales: z.object({ long: z.number().positive(), short: z.number().positive() }),
  untracked: Amount,
  blocks: z.int().nonnegative(),
  bitmaps: z.int().nonnegative(),
});
const HeaderSchema = z.object({
  octavo: z.literal('beliefs'),
  version: z.literal(BELIEFS_VERSION),
  bootId: z.string(),
  pageBytes: z.int().positive(),
  blockBytes: z.int().positive(),
  memory: z.object({ turnSeconds: z.number().positive(), long: z.number(), short: z.number() }),
  processes: z.array(ProcessSchema),
});

/**
 * Returns beliefs as bytes. `bootId` ties them to this boot, since start times of processes count from it.
 */
export function saveBeliefs(beliefs: Beliefs, bootId: string): Uint8Array {
  const { geometry, memory, processes } = beliefs;
  const header: z.infer<typeof HeaderSchema> = {
    octavo: 'beliefs',
    version: BELIEFS_VERSION,
    bootId,
    pageBytes: geometry.pageBytes,
    blockBytes: geometry.blockBytes,
    memory: { ...memory },
    processes: processes.map(headOf),
  };
  const writer = new ByteWriter();
  writer.text(`${JSON.stringify(header)}\n`);
  for (const belief of processes) writeBlocks(writer, belief);
  writer.uint32(crc32(writer.bytes()));
  return writer.bytes();
}

function headOf(belief: ProcessBelief): z.infer<typeof ProcessSchema> {
  const { process, exposure, seeing, tellsWalks, learned, ledger, counts } = belief;
  return {
    process,
    exposure: { ...exposure },
    seeing,
    accessesPerSample: belief.accessesPerSample ?? null,
    tellsWalks,
    learnedAtMs: belief.learnedAtMs ?? null,
    learned,
    returns: belief.returns ?? null,
    ledger: { ...ledger },
    scales: { long: counts.longScale, short: counts.shortScale },
    untracked: counts.untracked,
    blocks: counts.size,
    bitmaps: counts.bitmaps.size,
  };
}

function writeBlocks(writer: ByteWriter, { counts }: ProcessBelief): void {
  for (const block of counts.blocks()) {
    const columns = counts.columns(block);
    if (columns === undefined) continue;
    writer.float64(block);
    writeCounts(writer, columns.long);
    for (const code of columns.short) writer.uint16(code);
  }
  for (const [block, { seen, total }] of counts.bitmaps) {
    writer.float64(block);
    writer.float64(total);
    writer.raw(seen);
  }
}

function writeCounts(writer: ByteWriter, codes: Uint16Array): void {
  const used = codes.reduce((sum, code) => sum + Number(code !== 0), 0);
  writer.uint16(used);
  const isListed = 2 * used < codes.length;
  codes.forEach((code, page) => {
    if (isListed && code === 0) return;
    if (isListed) writer.uint16(page);
    writer.uint16(code);
  });
}

/** What must agree for saved beliefs to be taken over. */
export interface Restoring extends BeliefOptions {
  readonly bootId: string;
}

/** The beliefs as they were, or why they are none: damage, another version, another boot, other page sizes. */
export function restoreBeliefs(bytes: Uint8Array, options: Restoring): Result<Beliefs, string> {
  if (bytes.length < CRC_BYTES) return failure(`is cut short: it has ${bytes.length} bytes`);
  const body = bytes.subarray(0, bytes.length - CRC_BYTES);
  const reader = new ByteReader(bytes);
  const end = body.indexOf(LINE_END);
  const line = end < 0 ? '' : Buffer.from(body.subarray(0, end)).toString('utf8');
  const json = parseJson(line);
  const problem = versionProblem(json.ok ? json.value : undefined);
  if (problem !== undefined) return failure(problem);
  if (reader.uint32At(bytes.length - CRC_BYTES) !== crc32(body))
    return failure('is damaged: its checksum is wrong');
  const header = HeaderSchema.safeParse(json.ok ? json.value : undefined);
  if (!header.success) return failure('is damaged: its first line has other fields');
  const stranger = strangeness(header.data, options);
  if (stranger !== undefined) return failure(stranger);
  const beliefs = new Beliefs({ ...options, memory: header.data.memory });
  reader.at = end + 1;
  try {
    for (const head of header.data.processes) readProcess(reader, beliefs, head);
  } catch (problem) {
    if (!(problem instanceof RangeError)) throw problem;
    return failure('is damaged: it ends before its blocks do');
  }
  return success(beliefs);
}

function versionProblem(value: unknown): string | undefined {
  const head = z.object({ octavo: z.literal('beliefs'), version: z.number() }).safeParse(value);
  if (!head.success) return 'is damaged: its first line is not that of beliefs';
  const { version } = head.data;
  return version === BELIEFS_VERSION
    ? undefined
    : `is of version ${version}, this Octavo reads ${BELIEFS_VERSION}`;
}

function strangeness(
  header: z.infer<typeof HeaderSchema>,
  { bootId, geometry }: Restoring,
): string | undefined {
  if (header.bootId !== bootId) return 'is of an earlier boot';
  const isSame = header.pageBytes === geometry.pageBytes && header.blockBytes === geometry.blockBytes;
  return isSame ? undefined : `is of ${header.pageBytes} byte pages and ${header.blockBytes} byte huge pages`;
}

function readProcess(reader: ByteReader, beliefs: Beliefs, head: z.infer<typeof ProcessSchema>): void {
  const belief = beliefs.begin(head.process);
  belief.exposure.long = head.exposure.long;
  belief.exposure.short = head.exposure.short;
  belief.seeing = head.seeing;
  belief.accessesPerSample = head.accessesPerSample ?? undefined;
  belief.tellsWalks = head.tellsWalks;
  belief.learnedAtMs = head.learnedAtMs ?? undefined;
  belief.learned = head.learned;
  belief.returns = head.returns ?? undefined;
  belief.ledger = head.ledger;
  const { counts } = belief;
  counts.longScale = head.scales.long;
  counts.shortScale = head.scales.short;
  counts.untracked = head.untracked;
  const { pagesPerBlock } = beliefs.geometry;
  for (let row = 0; row < head.blocks; row++) readBlock(reader, belief, pagesPerBlock);
  for (let row = 0; row < head.bitmaps; row++) {
    const block = reader.float64();
    const total = reader.float64();
    counts.bitmaps.set(block, { total, seen: reader.raw(pagesPerBlock / 8) });
  }
}

/** A block for which a smaller bound has no room is read over. */
function readBlock(reader: ByteReader, { counts }: ProcessBelief, pagesPerBlock: Bytes): void {
  const block = reader.float64();
  const columns = counts.restore(block);
  if (columns === undefined) counts.untracked++;
  const used = reader.uint16();
  const isListed = 2 * used < pagesPerBlock;
  for (let index = 0; index < (isListed ? used : pagesPerBlock); index++) {
    const page = isListed ? reader.uint16() : index;
    const code = reader.uint16();
    if (columns !== undefined) columns.long[page] = code;
  }
  for (let group = 0; group < counts.groups; group++) {
    const code = reader.uint16();
    if (columns !== undefined) columns.short[group] = code;
  }
}

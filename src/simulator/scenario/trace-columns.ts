/** Trace files as the workload `trace` plays them: rows in memory, with areas laid next to each other. */
import { TraceConverter } from '../../formats/access-trace/convert.js';
import { isParquet, TraceFile } from '../../formats/access-trace/trace-file.js';
import { DamagedParquet } from '../../formats/parquet/read.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { BlockNumber, Bytes, PageGeometry, Pages } from '../../vocabulary/units.js';
import type { TraceColumns } from '../workloads/trace-columns.js';

/** What one row takes in memory: page, weight, write and time. */
const ROW_BYTES = 8 + 4 + 4 + 1 + 8;
/** Memory that the rows of a trace may take. */
const MOST_TRACE_BYTES: Bytes = 2 * 2 ** 30;
/** A text as a whole; longer ones are imported first. */
const LONGEST_TEXT: Bytes = 512 * 2 ** 20;

/** Reads a trace file, or the text of a tracer. Throws coded errors: a file that is none, or one that is too large. */
export async function traceColumns(
  bytes: Uint8Array,
  path: string,
  geometry: PageGeometry,
): Promise<TraceColumns> {
  const file = TraceFile.open(isParquet(bytes) ? bytes : written(bytes, path, geometry));
  if (typeof file === 'string') throw malformed(path, file);
  if (file.rows === 0) throw malformed(path, 'has no access');
  if (file.rows * ROW_BYTES > MOST_TRACE_BYTES)
    throw tooLarge(
      path,
      `its ${file.rows} rows take ${Math.ceil((file.rows * ROW_BYTES) / 2 ** 20)} MiB of memory here, more than ${MOST_TRACE_BYTES / 2 ** 20} MiB`,
    );
  try {
    return await columnsOf(file, geometry);
  } catch (problem) {
    if (!(problem instanceof DamagedParquet)) throw problem;
    throw malformed(path, problem.message, problem.place);
  }
}

/** Whether a host has room for the pages that a trace touches, in memory and swap; a coded error says it beforehand. */
export function requireRoom(columns: TraceColumns, path: string, room: Bytes, geometry: PageGeometry): void {
  const needed = columns.dataPages * geometry.pageBytes;
  if (needed <= room) return;
  const [needs, has] = [needed, room].map((bytes) => `${Math.ceil(bytes / 2 ** 20)} MiB`);
  throw tooLarge(path, `it touches ${needs} of memory, and the host has ${has} with its swap`);
}

function written(text: Uint8Array, path: string, geometry: PageGeometry): Uint8Array {
  if (text.length > LONGEST_TEXT)
    throw tooLarge(path, `its text is longer than ${LONGEST_TEXT / 2 ** 20} MiB; import it first`);
  const converter = new TraceConverter(path, geometry);
  converter.push(text);
  return converter.end().bytes;
}

async function columnsOf(file: TraceFile, geometry: PageGeometry): Promise<TraceColumns> {
  const { rows, facts } = file;
  const pages = new Float64Array(rows);
  const columns = {
    timed: facts.timed,
    sampled: facts.sampled,
    page: new Uint32Array(rows),
    write: new Uint8Array(rows),
    weight: new Uint32Array(rows),
    timeNs: new Float64Array(facts.timed ? rows : 0),
  };
  const scale = facts.page_bytes / geometry.pageBytes;
  let row = 0;
  for await (const group of file.groups()) {
    for (let i = 0; i < group.count; i++, row++) {
      pages[row] = Math.floor(Number(group.page[i]) * scale);
      columns.write[row] = group.write[i];
      columns.weight[row] = group.weight[i];
      if (facts.timed) columns.timeNs[row] = Number(group.timeNs[i]);
    }
  }
  return { ...columns, ...layOut(pages, columns.page, geometry.pagesPerBlock) };
}

/**
 * A process's pages are spread over 47 bits of addresses. Blocks with accesses follow each other here without the gaps,
 * in order of address, and pages keep their place within the block. Writes the new places to `into`.
 */
function layOut(pages: Float64Array, into: Uint32Array, perBlock: Pages) {
  const places = new Map<BlockNumber, number>();
  for (const page of pages) places.set(Math.floor(page / perBlock), 0);
  const blocks = [...places.keys()].sort((a, b) => a - b);
  for (const [place, block] of blocks.entries()) places.set(block, place);
  const touched = new Uint8Array(blocks.length * perBlock);
  let dataPages = 0;
  for (const [row, page] of pages.entries()) {
    const block = Math.floor(page / perBlock);
    const place = (places.get(block) ?? 0) * perBlock + (page - block * perBlock);
    into[row] = place;
    if (touched[place] === 0) dataPages++;
    touched[place] = 1;
  }
  return { pages: touched.length, dataPages, areas: areasOf(blocks, perBlock) };
}

/** Runs of blocks that follow each other, as mappings of the process: where they were, and where they are played. */
function areasOf(blocks: readonly BlockNumber[], perBlock: Pages): TraceColumns['areas'] {
  const areas: { startPage: number; pages: Pages; offset: Pages }[] = [];
  for (const [place, block] of blocks.entries()) {
    const last = areas.at(-1);
    if (last !== undefined && last.startPage + last.pages === block * perBlock) last.pages += perBlock;
    else areas.push({ startPage: block * perBlock, pages: perBlock, offset: place * perBlock });
  }
  return areas;
}

function malformed(path: string, problem: string, place = 'its footer'): OctavoError {
  return new OctavoError('FILE_MALFORMED', { path, problem, place });
}

function tooLarge(path: string, problem: string): OctavoError {
  return new OctavoError('TRACE_TOO_LARGE', { path, problem });
}

/** Prints what was imported: in words, as a document, or as rows. */

import type { ViewName } from '../../sources/view-values.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { HotMap } from '../../vocabulary/hot-map.js';
import type { OctavoContext } from '../context.js';
import { rowPrinter } from '../format-flag.js';
import { STANDARD_OUTPUT, tellBeside } from '../output.js';
import type { RowFormat } from '../print/rows.js';
import { BLOCK_ROWS, blockRow } from './block-rows.js';
import { blockLine } from './heat-report.js';
import { importDocument, importText } from './import-text.js';
import type { Imported } from './imported.js';
import { nothingImported, nothingLines } from './nothing-sampled.js';
import {
  isPlaceName,
  type PlaceName,
  TOUCHED_ROWS,
  touchedLines,
  touchedRows,
  touchNotes,
} from './touched-view.js';
import { VIEW_ROWS, viewLines, viewOf, viewRow } from './view.js';

/** Parsed options on what `octavo import` prints. */
export interface OutputFlags {
  readonly out?: string;
  readonly by?: ViewName | PlaceName;
  readonly format?: RowFormat;
  readonly json: boolean;
}

/** Mappings and places shown of a view; rows show all. */
const SHOWN = 10;
/** Places in a document. */
const MOST_DOCUMENTED = 1000;
/** Least share of sub-pages that is not sparse, as `octavo report` has it. */
const SPARSE_BELOW = 0.1;

/** USAGE when several of them want standard output. */
export function checkOutputs({ out, format, json }: OutputFlags): void {
  const wanting = [
    ...(out === STANDARD_OUTPUT ? ['--out -'] : []),
    ...(format === undefined ? [] : ['--format']),
    ...(json ? ['--json'] : []),
  ];
  if (wanting.length < 2) return;
  throw new OctavoError('USAGE', {
    problem: `${wanting.join(' and ')} both want standard output`,
    command: 'import',
  });
}

/** Prints what was imported, in the form that the options ask for. */
export function printImported(
  context: OctavoContext,
  imported: Imported,
  paths: readonly string[],
  flags: OutputFlags,
): void {
  const { out, by, format } = flags;
  const view = by === undefined || isPlaceName(by) ? undefined : viewOf(imported.views, by, paths.join(', '));
  if (format !== undefined) {
    printRows(context, imported, view, format);
    return;
  }
  const { touched } = imported;
  if (flags.json) {
    const document = importDocument(imported, paths, out);
    const hottest = touched?.hottest.slice(0, MOST_DOCUMENTED);
    context.printJson({
      ...document,
      ...(view === undefined ? {} : { view }),
      ...(touched === undefined ? {} : { touched: { ...touched, hottest } }),
    });
    return;
  }
  const lines = [
    ...importText(imported, out),
    ...(view === undefined ? [] : viewLines(view, SHOWN)),
    ...(touched === undefined ? [] : touchedLines(touched, SHOWN)),
  ];
  for (const line of lines) {
    tellBeside(context, line, out);
  }
}

/** Rows alone go to standard output; what must be known of them is a remark. */
function printRows(
  context: OctavoContext,
  imported: Imported,
  view: ReturnType<typeof viewOf> | undefined,
  format: RowFormat,
): void {
  const { touched } = imported;
  const nothing = nothingImported(imported);
  for (const note of [...imported.notes, ...(nothing === undefined ? [] : nothingLines(nothing))])
    context.remark(note);
  if (view !== undefined) {
    const print = rowPrinter(context, VIEW_ROWS, format);
    for (const group of view.groups) print(viewRow(view, group));
  } else if (touched !== undefined) {
    for (const note of touchNotes(touched.names)) context.remark(note);
    const print = rowPrinter(context, TOUCHED_ROWS, format);
    for (const row of touchedRows(touched)) print(row);
  } else {
    const print = rowPrinter(context, BLOCK_ROWS, format);
    for (const map of imported.maps) printBlocks(map, imported, print);
  }
}

/** Every block with samples of a process, ascending by address. */
function printBlocks(map: HotMap, imported: Imported, print: ReturnType<typeof rowPrinter>): void {
  const { geometry, process } = map;
  const { blockBytes, pagesPerBlock } = geometry;
  const counts = new Uint16Array(pagesPerBlock);
  for (const block of map.blocks()) {
    counts.fill(0);
    map.counts(block, counts);
    const first = Math.max(
      0,
      counts.findIndex((count) => count > 0),
    );
    const { name } = imported.nameMapping(process.pid, block * pagesPerBlock + first);
    const line = blockLine(map, block, name);
    if (line !== undefined) print(blockRow(line, blockBytes, SPARSE_BELOW));
  }
}

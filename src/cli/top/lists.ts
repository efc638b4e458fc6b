/** What is on each level of the view, as lists. Pure. */
import type { BlockLine, MappingLine, Opened, ProcessLine } from '../../top/drill.js';
import { type Frame, ordered, type TopOrder, type TopTarget } from '../../top/frame.js';
import { showBytes } from '../print/units.js';
import { showBriefly } from '../survey/amounts.js';
import type { List, ListColumn } from './list.js';

const right = (title: string, drop: number): ListColumn => ({ title, right: true, drop });
const left = (title: string, drop: number): ListColumn => ({ title, drop });

const ORDER_WORDS: Readonly<Record<TopOrder, string>> = {
  bloat: 'bloat',
  heat: 'heat',
  'came-back': 'what came back',
  resident: 'resident memory',
  name: 'name',
};

/** Returns the list of targets in an order, with its totals below. */
export function targetList(frame: Frame, by: TopOrder): List {
  const rows = ordered(frame.targets, by).map((target) => ({ key: target.key, cells: targetCells(target) }));
  return {
    title: `octavo top  by ${ORDER_WORDS[by]}  ${clock(frame.atMs)}  ${frame.from}`,
    columns: [
      left('target', 0),
      right('n', 6),
      right('resident', 3),
      right('huge', 2),
      right('bloat', 1),
      right('cold', 5),
      right('heat', 4),
      right('returned', 5),
      right('came back', 3),
      left('state', 7),
    ],
    rows,
    empty: 'no target is seen',
    below: frame.notes.slice(0, 1),
  };
}

function targetCells(target: TopTarget): readonly string[] {
  const { resident, huge, bloat, cold, heat, returned, cameBack } = target;
  return [
    target.name,
    String(target.processes),
    showBriefly(resident),
    showBriefly(huge),
    showBriefly(bloat),
    showBriefly(cold),
    heat === undefined ? '?' : `${heat < 10 ? heat.toFixed(1) : Math.round(heat)}/s`,
    showBriefly(returned),
    showBriefly(cameBack),
    target.state,
  ];
}

/** Returns the list of recent decisions, newest first as the frame has them. */
export function decisionList(frame: Frame): List {
  return {
    title: `octavo top  recent decisions  ${frame.from}`,
    columns: [left('when', 0), left('target', 1), left('what', 0)],
    rows: frame.decisions.map(({ atMs, who, what }, at) => ({
      key: String(at),
      cells: [moment(atMs), who, what],
    })),
    empty: 'nothing was done, or nothing that this user may read',
    below: [],
  };
}

/** Returns the list of a target's processes. */
export function processList(name: string, processes: readonly ProcessLine[]): List {
  return {
    title: `octavo top  ${name}: processes`,
    columns: [right('pid', 0), left('command', 0)],
    rows: processes.map(({ pid, command }) => ({ key: String(pid), cells: [String(pid), command] })),
    empty: 'its processes have ended, or the agent does not name them: see octavo inspect',
    below: [],
  };
}

/** Returns the list of a process's mappings, estimated where only a sample was looked at. */
export function mappingList(pid: number, { mappings, look }: Opened): List {
  const { sample } = look;
  const part = sample === undefined ? '' : ` (${sample.seen} of ${sample.of} pieces, drawn at random)`;
  return {
    title: `octavo top  process ${pid}: mappings${part}`,
    columns: [
      left('address', 0),
      right('size', 4),
      right('resident', 1),
      right('huge', 1),
      right('small', 2),
      right('holes', 3),
      left('kind', 5),
      left('name', 0),
    ],
    rows: mappings.map((line) => ({
      key: String(line.index),
      cells: mappingCells(line, look.sizes.geometry.pageBytes),
    })),
    empty: 'nothing of it is mapped, as far as was looked at',
    below: [],
  };
}

function mappingCells({ address, mapping, totals }: MappingLine, pageBytes: number): readonly string[] {
  return [
    address,
    showBytes((mapping.end - mapping.start) * pageBytes),
    showBytes(totals.residentBytes),
    showBytes(totals.pmdMappedBytes),
    showBytes(totals.pteMappedBytes),
    showBytes(totals.holeBytes),
    mapping.kind,
    mapping.name || '-',
  ];
}

/** The blocks of one mapping, or why they cannot be shown. */
export interface Blocks {
  readonly pid: number;
  /** Of their mapping. */
  readonly address: string;
  readonly blocks: readonly BlockLine[];
  /** Pages of a block. */
  readonly pages: number;
  /** Why the chosen one is or is not huge. */
  readonly why: readonly string[];
}

/** Returns the list of a mapping's blocks. */
export function blockList({ pid, address, blocks, pages, why }: Blocks): List {
  return {
    title: `octavo top  process ${pid}, mapping ${address}: blocks`,
    columns: [
      left('block', 0),
      left('level', 0),
      right('present', 1),
      right('zero page', 3),
      right('swapped', 3),
      left('facts', 2),
    ],
    rows: blocks.map((line) => ({ key: line.address, cells: blockCells(line, pages) })),
    empty: 'no block of it was looked at',
    below: why,
  };
}

const LEVELS = { pmd: 'huge', pte: 'small', none: 'none' } as const;

function blockCells({ address, state }: BlockLine, pages: number): readonly string[] {
  return [
    address,
    LEVELS[state.level],
    `${state.present}/${pages}`,
    String(state.zeroMapped),
    String(state.swapped),
    state.flags.filter((flag) => flag === 'shared' || flag === 'hugeZeroPage').join(' '),
  ];
}

const HELP: readonly string[] = [
  'up down PgUp PgDn Home End   choose a line           (also k j)',
  'Enter or right               open it: processes, mappings, blocks',
  'Esc or left                  back',
  's                            rank by bloat, heat, what came back, resident, name in turn',
  'd                            recent decisions',
  'space                        hold still, go on',
  'r                            look again now',
  'q                            end',
  '',
  'bloat: zero-filled in huge pages, and held by them although no process maps it.',
  'heat: samples of its memory a second. ? is not known, which is not 0.',
  '~ is expected from a sample, of which octavo survey tells the bounds.',
];

/** Returns keys and columns in words. */
export function helpList(): List {
  const rows = HELP.map((line, at) => ({ key: String(at), cells: [line] }));
  return { title: 'octavo top  keys and columns', columns: [left('', 0)], rows, empty: '', below: [] };
}

function clock(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 19);
}

function moment(atMs: number): string {
  return new Date(atMs).toISOString().slice(5, 19).replace('T', ' ');
}

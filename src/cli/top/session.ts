/** One view of a host: takes frames and keys, says what the screen shows. Knows no terminal. */
import { blocksOf, type Opened, openProcess, type ProcessLine, processesOf, whyOf } from '../../top/drill.js';
import type { Feed, Frame, TopOrder } from '../../top/frame.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { OctavoContext } from '../context.js';
import { type List, moved, roomFor, type ScreenSize } from './list.js';
import { blockList, decisionList, helpList, mappingList, processList, targetList } from './lists.js';
import {
  type Action,
  entered,
  FIRST_VIEW,
  here,
  left,
  nextOrder,
  type Place,
  type View,
  withCursor,
} from './view.js';

/** Holds the frame and the view, and loads what a level needs when it is opened. */
export class TopSession {
  readonly #context: OctavoContext;
  readonly #feed: Feed;
  readonly #lockNs: number;
  #view: View;
  #frame: Frame = { atMs: 0, from: 'looking', targets: [], decisions: [], notes: [] };
  #processes: readonly ProcessLine[] = [];
  #opened: Opened | undefined;
  #problem = '';
  hasEnded = false;

  constructor(context: OctavoContext, feed: Feed, order: TopOrder, lockNs: number) {
    this.#context = context;
    this.#feed = feed;
    this.#view = { ...FIRST_VIEW, order };
    this.#lockNs = lockNs;
  }

  get isHeld(): boolean {
    return this.#view.isHeld;
  }

  /** The line of keys. */
  get keys(): string {
    if (this.#problem !== '') return this.#problem;
    const held = this.#view.isHeld ? '[held] ' : '';
    return `${held}Enter open  Esc back  s rank  d decisions  space hold  r again  ? help  q quit`;
  }

  /** Why the last thing asked for cannot be shown; empty when it is. */
  get problem(): string {
    return this.#problem;
  }

  get cursor() {
    return here(this.#view).cursor;
  }

  /** Takes the next frame; the line that was chosen stays chosen. */
  async refresh(size: ScreenSize): Promise<void> {
    const chosen = this.#chosenKey();
    this.#frame = await this.#feed.next();
    const at = this.list().rows.findIndex(({ key }) => key === chosen);
    const { cursor } = here(this.#view);
    const selected = at < 0 ? cursor.selected : at;
    this.#view = withCursor(this.#view, moved({ ...cursor, selected }, 0, this.list(), size));
  }

  list(): List {
    const { place } = here(this.#view);
    switch (place.level) {
      case 'targets':
        return targetList(this.#frame, this.#view.order);
      case 'decisions':
        return decisionList(this.#frame);
      case 'help':
        return helpList();
      case 'processes':
        return processList(nameOf(place.key), this.#processes);
      case 'mappings':
        return this.#opened === undefined ? EMPTY : mappingList(place.pid, this.#opened);
      case 'blocks':
        return this.#blocks(place);
    }
  }

  act(action: Action, size: ScreenSize): void {
    this.#problem = '';
    const { cursor } = here(this.#view);
    if (action.does === 'move' || action.does === 'page') {
      const list = this.list();
      const by = action.does === 'move' ? action.by : action.by * roomFor(list, size);
      this.#view = withCursor(this.#view, moved(cursor, by, list, size));
    } else if (action.does === 'open') this.#open();
    else if (action.does === 'back') this.#view = left(this.#view);
    else if (action.does === 'order') this.#view = nextOrder(this.#view);
    else if (action.does === 'decisions' || action.does === 'help') this.#enter({ level: action.does });
    else if (action.does === 'hold') this.#view = { ...this.#view, isHeld: !this.#view.isHeld };
    else if (action.does === 'quit') this.hasEnded = true;
  }

  /** Chooses a row by its number, from 1, and opens it: for those who hear the list. */
  choose(number: number, size: ScreenSize): void {
    this.#view = withCursor(this.#view, moved({ selected: number - 1, top: 0 }, 0, this.list(), size));
    this.act({ does: 'open' }, size);
  }

  #blocks({ pid, mapping }: Place & { level: 'blocks' }): List {
    const opened = this.#opened;
    const line = opened?.mappings.find(({ index }) => index === mapping);
    if (opened === undefined || line === undefined) return EMPTY;
    const blocks = blocksOf(opened, mapping);
    const chosen = blocks[here(this.#view).cursor.selected];
    const why = chosen === undefined ? [] : whyOf(this.#context.host, opened, mapping, chosen.state);
    const { pagesPerBlock } = opened.look.sizes.geometry;
    return blockList({
      pid,
      address: line.address,
      blocks,
      pages: pagesPerBlock,
      why: padded(why),
    });
  }

  #chosenKey(): string | undefined {
    return this.list().rows[here(this.#view).cursor.selected]?.key;
  }

  #pidsOf(key: string): readonly number[] {
    return this.#frame.targets.find((target) => target.key === key)?.pids ?? [];
  }

  #enter(place: Place): void {
    if (here(this.#view).place.level !== place.level) this.#view = entered(this.#view, place);
  }

  #open(): void {
    const { place } = here(this.#view);
    const key = this.#chosenKey();
    if (key === undefined) return;
    if (place.level === 'targets') {
      const pids = this.#pidsOf(key);
      if (pids.length === 1) this.#openProcess(pids[0]);
      else {
        this.#processes = processesOf(this.#context.host, pids);
        this.#enter({ level: 'processes', key });
      }
    } else if (place.level === 'processes') this.#openProcess(Number(key));
    else if (place.level === 'mappings')
      this.#enter({ level: 'blocks', pid: place.pid, mapping: Number(key) });
  }

  #openProcess(pid: number): void {
    const { host, signal } = this.#context;
    try {
      this.#opened = openProcess(host, pid, this.#lockNs, signal);
      this.#enter({ level: 'mappings', pid });
    } catch (problem) {
      if (!(problem instanceof OctavoError) || problem.code === 'STOPPED') throw problem;
      this.#problem = problem.message;
    }
  }
}

/** Lines for reasons below the blocks, so that the list stays where it is. */
const REASON_LINES = 3;

function padded(why: readonly string[]): readonly string[] {
  return Array.from({ length: REASON_LINES }, (_, line) => why[line] ?? '');
}

const EMPTY: List = { title: 'octavo top', columns: [], rows: [], empty: 'it is no longer there', below: [] };

function nameOf(key: string): string {
  return key.slice(key.indexOf(' ') + 1);
}

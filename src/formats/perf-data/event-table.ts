/** The events of a recording: their attrs, names and ids, and which of them a record belongs to. */

import { TRACEPOINT_TYPE } from '../perf-abi/constants.js';
import { type EventAttr, isPageFault } from './attr.js';
import { type EventNature, natureOfEvent, pmuTypeOf } from './event-natures.js';
import type { Features } from './header-features.js';
import { IdTable } from './id-table.js';
import { coresLeftOut, partWatched } from './part-watched.js';
import type { RecordView } from './record-view.js';
import {
  SampleLayout,
  sampleIdOffset,
  type TrailerLayout,
  trailerIdOffset,
  trailerLayout,
} from './sample-layout.js';

/** More events or ids than any real recording has; what comes on top is counted and ignored. */
const MOST_EVENTS = 4096;
const MOST_IDS = 1 << 22;

const DAMON_EVENT = /\bdamon:damon_aggregated\b/;

/** How samples are decoded. `damon`: the tracepoint damon_aggregated, whose samples are regions and no accesses. */
export type EventDecoding = 'fault' | 'ibs' | 'memory' | 'damon';

/** An event of the recording, with the decoding chosen for it. */
export interface RecordedEvent {
  readonly index: number;
  readonly attr: EventAttr;
  name: string;
  decoding: EventDecoding;
  /** What its samples are samples of, as far as the recording has told by now. */
  nature: EventNature;
  readonly layout: SampleLayout;
  readonly trailer: TrailerLayout;
  /** Accesses that a sample stands for when the sample itself does not say. */
  readonly fixedWeight: number;
}

/** Finds the event of a sample by its id; bounded in number. */
export class EventTable {
  readonly events: RecordedEvent[] = [];
  /** Attrs and ids that were too many to keep. */
  ignored = 0;
  /** Whether rows that are no samples fill the columns of the physical address and the latency. */
  hasMoreColumns = false;
  /** Grows whenever an event or id is added or described. */
  version = 0;
  readonly #ids = new IdTable();
  /** Offset of the id in a SAMPLE, 0 when samples have none. */
  sampleIdAt = 0;
  #trailerIdAt = 0;
  #lastLow = 0;
  #lastHigh = 0;
  #lastEvent = -1;
  #speEvent = -1;

  /** Adds an event and returns its number, or −1 when there are too many. */
  add(attr: EventAttr): number {
    const index = this.events.length;
    if (index >= MOST_EVENTS) {
      this.ignored++;
      return -1;
    }
    this.events.push({
      index,
      attr,
      name: `type ${attr.type} config 0x${attr.config.toString(16)}`,
      decoding: isPageFault(attr) ? 'fault' : 'memory',
      nature: natureOfEvent(attr, { name: '', pmu: '', cpuId: '', isSpe: false }),
      layout: new SampleLayout(attr),
      trailer: trailerLayout(attr),
      fixedWeight: attr.isFrequency ? 1 : Math.max(1, attr.samplePeriod),
    });
    if (index === 0) this.#placeIds(attr);
    this.#change();
    return index;
  }

  addId(low: number, high: number, event: number): void {
    if (this.#ids.size >= MOST_IDS) this.ignored++;
    else this.#ids.set(low, high, event);
    this.#change();
  }

  /** Takes names, ids and natures from the features of the file. */
  describe(features: Features): void {
    for (const description of features.events ?? []) {
      const event = this.#matching(description.attr, description.ids);
      if (event === undefined) continue;
      event.name = description.name;
      for (const id of description.ids) this.addId(id % 2 ** 32, Math.floor(id / 2 ** 32), event.index);
    }
    for (const event of this.events) event.decoding = decodingOf(event, features);
    this.#weigh(features);
    this.#change();
  }

  /** AUX data of Arm SPE belong to this event, or to none. */
  setSpe(event: number, features: Features): void {
    this.#speEvent = event;
    this.#weigh(features);
  }

  /** What each event is a sample of, with what is known of the recording by now. */
  #weigh(features: Features): void {
    const part = partWatched(features);
    const weighed = (event: RecordedEvent, why: string) =>
      natureOfEvent(event.attr, {
        name: event.name,
        pmu: features.pmus?.get(event.attr.type) ?? '',
        cpuId: features.cpuId ?? '',
        isSpe: event.index === this.#speEvent,
        part: why,
      });
    for (const event of this.events) event.nature = weighed(event, part);
    const sampled = this.events.filter(({ nature }) => nature.nature !== 'nothing');
    const pmus = new Set(sampled.map(({ attr }) => features.pmus?.get(pmuTypeOf(attr)) ?? ''));
    const left = part === '' ? coresLeftOut(features.pmus, pmus) : '';
    if (left !== '') for (const event of sampled) event.nature = weighed(event, left);
  }

  rename(idLow: number, idHigh: number, name: string): void {
    const event = this.events[this.#ids.get(idLow, idHigh)];
    if (event !== undefined) event.name = name;
  }

  /** Number of the event that a SAMPLE record belongs to, −1 when its id matches none. */
  ofSample(view: RecordView): number {
    const at = this.sampleIdAt;
    if (at === 0) return this.events.length === 0 ? -1 : 0;
    if (at + 8 > view.size) return -1;
    return this.ofId(view.low(at), view.high(at));
  }

  /** The event that another kernel record belongs to: the first one when it does not say. */
  ofOther(view: RecordView): RecordedEvent | undefined {
    const at = view.size - this.#trailerIdAt;
    const first = this.events[0];
    if (this.#trailerIdAt === 0 || at < 8 || first === undefined || !first.attr.sampleIdAll) return first;
    return this.events[this.ofId(view.low(at), view.high(at))] ?? first;
  }

  /** Number of the event of an id, −1 when it belongs to none. */
  ofId(low: number, high: number): number {
    if (low === this.#lastLow && high === this.#lastHigh && this.#lastEvent >= 0) return this.#lastEvent;
    const event = this.#lookUp(low, high);
    this.#lastLow = low;
    this.#lastHigh = high;
    this.#lastEvent = event;
    return event;
  }

  /** An id of 0 was made up by perf and means the first event (evlist__event2evsel()). */
  #lookUp(low: number, high: number): number {
    const isFirst = this.events.length === 1 || (low === 0 && high === 0) || this.#ids.size === 0;
    if (isFirst) return this.events.length === 0 ? -1 : 0;
    return this.#ids.get(low, high);
  }

  #change(): void {
    this.#lastEvent = -1;
    this.version++;
  }

  #placeIds(attr: EventAttr): void {
    this.sampleIdAt = sampleIdOffset(attr.sampleType);
    this.#trailerIdAt = trailerIdOffset(attr.sampleType);
  }

  /** The event of a description: by its ids, or by equal type, config and fields where ids are absent. */
  #matching(attr: EventAttr, ids: readonly number[]): RecordedEvent | undefined {
    for (const id of ids) {
      const index = this.#ids.get(id % 2 ** 32, Math.floor(id / 2 ** 32));
      if (index >= 0) return this.events[index];
    }
    return this.events.find(
      (event) =>
        event.attr.type === attr.type &&
        event.attr.config === attr.config &&
        event.attr.sampleType === attr.sampleType,
    );
  }
}

function decodingOf(event: RecordedEvent, features: Features): EventDecoding {
  if (event.decoding === 'fault') return 'fault';
  if (event.attr.type === TRACEPOINT_TYPE && DAMON_EVENT.test(event.name)) return 'damon';
  const pmu = features.pmus?.get(event.attr.type) ?? '';
  const isIbs = pmu === 'ibs_op' || /^ibs_op\b/.test(event.name);
  return isIbs ? 'ibs' : 'memory';
}

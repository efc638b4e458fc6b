/**
 * The board of a host's agent, by what it keeps: its status, the history, the journals, what samples taught. Looks only, and costs
 * the agent nothing; works when it hangs, has ended, or starts anew.
 */
import { defined } from '../../base/assert.js';
import { readFeuds } from '../../cycle/aftermath.js';
import type { BlockPlace, Board, Change, DecisionLog, Explained, SeriesWish } from '../../dashboard/board.js';
import { LiveMap } from '../../dashboard/map/live-map.js';
import type { MapModel } from '../../dashboard/map/map-model.js';
import { ACT_NAMES } from '../../dashboard/wire/act.js';
import type { Compare } from '../../dashboard/wire/compare.js';
import type { PingPong } from '../../dashboard/wire/events.js';
import type { Overview, TargetView, ViewName } from '../../dashboard/wire/overview.js';
import type { Orders, Series } from '../../dashboard/wire/series.js';
import { heatWords } from '../../reports/heat/scale.js';
import { ERRORS, OctavoError } from '../../vocabulary/errors.js';
import { blockToPage, type Milliseconds, pageToAddress } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';
import { showBlock, tellBlock } from '../explain/block.js';
import { madeBy } from '../reports/made-by.js';
import { type ActFacts, AgentActions, type AgentPlaces } from './agent-actions.js';
import { EventLog } from './event-log.js';
import { ordersOfSeries, valuesOf } from './history-board.js';
import { HistoryFollower } from './history-follower.js';
import { lookAtProcesses, type WatchedProcess } from './live-look.js';
import { OrderLooks, ordersInBlock } from './order-looks.js';
import { RunFollower } from './run-follower.js';
import { StatusFollower, targetView } from './status-follower.js';
import { viewsOf } from './still-board.js';

type Told<Reply> = Omit<Reply, 'octavo' | 'version' | 'revision'>;

/** Looks into processes: so often at most, and so much rarer than they take. */
const LOOK_EVERY_MS: Milliseconds = 5000;
const LOOK_SHARE = 0.02;

/** Follows an agent through its files; `look()` tells what changed. */
export class AgentBoard implements Board {
  readonly #context: OctavoContext;
  readonly #places: AgentPlaces;
  readonly #status: StatusFollower;
  readonly #history: HistoryFollower;
  readonly #runs: RunFollower;
  readonly #ids = new Map<string, string>();
  readonly #log = new EventLog();
  readonly #live: LiveMap;
  readonly #orders = new OrderLooks();
  #map: MapModel | undefined;
  #layout = 0;
  #lookedMs: Milliseconds;
  #nextLookMs: Milliseconds = 0;
  #unseen: readonly string[] = [];
  #sinceMs: Milliseconds | null = null;
  /** What may be asked of the agent; nothing unless whoever started this allowed it. */
  readonly actions: AgentActions | undefined;

  constructor(context: OctavoContext, places: AgentPlaces, mayAct = false) {
    const { host } = context;
    this.#context = context;
    this.#places = places;
    this.#status = new StatusFollower(host, places.runtime);
    this.#history = new HistoryFollower(places.place, (target) => this.#idOf(target));
    this.#runs = new RunFollower(places.place);
    this.#live = new LiveMap(host.identity.geometry, heatWords('some-accesses', true));
    this.#lookedMs = host.clock.wallMs() - LOOK_EVERY_MS;
    const facts: ActFacts = {
      ...{ context, places },
      status: () => (this.#status.state === 'running' ? this.#status.status : undefined),
      targetOf: (id) => [...this.#ids].find(([, one]) => one === id)?.[0],
      runTarget: (run) => this.#log.log.decisions.findLast((one) => one.run === run)?.target,
      map: () => this.#map,
    };
    this.actions = mayAct ? new AgentActions(facts) : undefined;
  }

  #idOf(target: string): string {
    const id = this.#ids.get(target) ?? `t${this.#ids.size}`;
    this.#ids.set(target, id);
    return id;
  }

  /** Looks at what changed. Throws what cannot be read of the state directory. */
  look(): Change {
    const [before, told] = [this.#status.state, this.#status.status?.updatedMs];
    const ofAgent = this.#status.look();
    const ofRuns = this.#runs.next();
    const hasMore = this.#history.look(this.#context.signal);
    this.#log.add([...ofRuns, ...ofAgent].sort((a, b) => a.atMs - b.atMs));
    const isMapNew = this.#lookAtMemory(ofRuns.length > 0);
    const decisions = this.#log.newest(ofRuns.length + ofAgent.length);
    const isNew = this.#status.status?.updatedMs !== told || this.#status.state !== before;
    const views: Change['views'][number][] = [];
    if (isNew || hasMore) views.push('overview');
    if (hasMore) views.push('bytes', 'orders');
    if (decisions.length > 0) views.push('events', 'pingpong');
    if (isMapNew) views.push('map');
    return { views, decisions, agent: before === this.#status.state ? undefined : this.#cameOrWent() };
  }

  #cameOrWent(): Change['agent'] {
    const { state } = this.#status;
    this.#sinceMs = this.#context.host.clock.wallMs();
    return { state, sinceMs: this.#sinceMs };
  }

  /** `isDue`: something was done, which is to be seen soon. */
  #lookAtMemory(isDue: boolean): boolean {
    const { clock } = this.#context.host;
    const nowMs = clock.monotonicNs() / 1e6;
    if (nowMs < this.#nextLookMs && !isDue) return false;
    const { look, troubles } = lookAtProcesses(
      this.#places.place,
      this.#watched(),
      this.#log.changedPages(),
      this.#orders,
    );
    this.#unseen = troubles;
    const hasMore = look.processes.length > 0 || !this.#live.isEmpty;
    if (hasMore) {
      this.#live.add(this.#lookedMs, look);
      this.#lookedMs = look.atMs;
      this.#map = this.#live.build(++this.#layout);
      this.#log.placeOn(this.#map);
    }
    const tookMs = clock.monotonicNs() / 1e6 - nowMs;
    this.#nextLookMs = nowMs + Math.max(LOOK_EVERY_MS, tookMs / LOOK_SHARE);
    return hasMore;
  }

  /** Processes of the targets, by the agent; by the journals where it does not tell. */
  #watched(): readonly WatchedProcess[] {
    const members = (this.#status.status?.targets ?? []).flatMap(({ name, members: all = [] }) =>
      all.map((process) => ({ process, target: name })),
    );
    return this.#status.state === 'running' && members.length > 0 ? members : this.#runs.processes;
  }

  get map(): MapModel | undefined {
    return this.#map;
  }

  has(view: ViewName): boolean {
    switch (view) {
      case 'bytes':
      case 'orders':
        return !this.#history.isEmpty;
      case 'map':
        return this.#map !== undefined;
      case 'events':
      case 'pingpong':
        return true;
      case 'compare':
      case 'story':
        return false;
    }
  }

  overview(): Told<Overview> {
    const { status, state, budgets, troubles } = this.#status;
    const facts = madeBy(this.#context).filter(([key]) => key === 'made by');
    const missing = {
      map: [
        'No process of a target is seen yet.',
        'It comes with the first turn that acts, or samples.',
      ] as const,
      bytes: ['The agent has kept no turn yet.', 'It keeps the first one when it is over.'] as const,
      orders: ['The agent has kept no turn yet.', 'It keeps the first one when it is over.'] as const,
    };
    return {
      subject: {
        ...{ kind: 'agent', name: this.#places.name, isLive: true, state },
        troubles: [...troubles, ...this.#unseen],
      },
      ...{ atMs: status?.updatedMs ?? null, clock: 'wall', budgets: [...budgets] },
      actions: this.actions === undefined || state !== 'running' ? [] : [...ACT_NAMES],
      asked: (status?.asked ?? []).map((one) => ({ ...one })),
      targets: this.#targets(),
      views: viewsOf((view) => this.has(view), missing),
      notes: this.#history.damage.slice(0, 5).map((sentence) => `Passed over: ${sentence}`),
      facts: [
        ['state directory', this.#places.place.directory],
        ...(status === undefined ? [] : [['configuration', status.configuration.file] as [string, string]]),
        ...facts.map(([key, value]): [string, string] => [key, value]),
      ],
    };
  }

  #targets(): TargetView[] {
    const { all } = this.#history;
    return (this.#status.status?.targets ?? []).map((target) =>
      targetView(target, this.#idOf(target.name), valuesOf(all, target.name)),
    );
  }

  series(wish: SeriesWish): Told<Series> {
    return this.#history.series(wish);
  }

  orders(target: string | undefined): Told<Orders> {
    return ordersOfSeries(this.#history.recent, this.#context.host.identity.geometry, target);
  }

  log(): DecisionLog {
    return this.#log.log;
  }

  pingPong(): PingPong['blocks'] {
    const { host } = this.#context;
    const nowMs = host.clock.wallMs();
    const feuds = [...readFeuds(this.#places.place).values()].map((feud) => {
      const page = blockToPage(feud.block, host.identity.geometry);
      const command = this.#log.log.decisions.findLast(({ pid }) => pid === feud.pid)?.command ?? '';
      return {
        ...{ pid: feud.pid, command, address: pageToAddress(page, host.identity.geometry) },
        place: this.#map?.placeOf(feud.pid, page) ?? null,
        ...{ times: feud.recollapses, by: feud.by, lastMs: this.#lastUndone(feud.pid, page) },
        untilMs: feud.until > nowMs ? feud.until : null,
        why:
          feud.by === 'kernel'
            ? 'the kernel collapsed it again after a split'
            : 'it was huge again after a split, by whom cannot be told',
      };
    });
    return feuds.sort((a, b) => b.times - a.times);
  }

  #lastUndone(pid: number, page: number): number | null {
    const address = pageToAddress(page, this.#context.host.identity.geometry);
    const last = this.#log.log.decisions.findLast(
      (one) => one.kind === 'undone' && one.pid === pid && one.address === address,
    );
    return last?.atMs ?? null;
  }

  explain({ segment, page }: BlockPlace): Explained {
    const { facts } = defined(this.#map, 'a place of the map').parts.segments[segment];
    try {
      const { host, signal } = this.#context;
      const { told } = tellBlock({ host, signal }, this.#places.place, facts.firstPage + page, facts.pid);
      const lines = showBlock(host.identity.geometry, told);
      const orders = told.now === undefined ? [] : ordersInBlock(host, facts.pid, facts.firstPage + page);
      return { isLive: told.now !== undefined, why: told.gone, lines, orders };
    } catch (problem) {
      if (!(problem instanceof OctavoError)) throw problem;
      return { isLive: false, why: problem.message, lines: [problem.message, ERRORS[problem.code].advice] };
    }
  }

  compare(): Told<Compare> {
    return defined<Told<Compare>>(undefined, 'an agent has no comparison');
  }

  story(): object {
    return defined<object>(undefined, 'an agent has no report');
  }
}

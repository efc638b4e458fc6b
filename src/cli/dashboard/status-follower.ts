/** Follows what the agent tells of itself: its state, its targets, and what happened since the last look. */
import { type ReadStatus, readStatus, type Status, type StatusTarget } from '../../agent/life/status.js';
import type { Budget, TargetView } from '../../dashboard/wire/overview.js';
import type { Host } from '../../host/host.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { Entry } from './decisions.js';
import { agentEntry } from './history-board.js';

/** Whether an agent runs; `absent` where none is seen. */
export type AgentState = 'running' | 'ended' | 'absent';

/** An agent that has not told anything for so long hangs, or its machine does. */
const SILENT_MS: Milliseconds = 60_000;
const ABSENT: ReadonlySet<string> = new Set(['AGENT_ABSENT', 'PERMISSION']);

/** Follows the status document of an agent. */
export class StatusFollower {
  readonly #host: Host;
  readonly #directory: string;
  #told = new Set<string>();
  #why = '';
  status: Status | undefined;
  state: AgentState = 'absent';

  constructor(host: Host, directory: string) {
    this.#host = host;
    this.#directory = directory;
  }

  /** What the agent told since the last look. */
  look(): readonly Entry[] {
    const read = this.#read();
    this.status = read?.status ?? this.status;
    this.state = read === undefined ? 'absent' : read.isRunning ? 'running' : 'ended';
    const events = (read?.status.events ?? []).map((event) => ({ ...event, key: JSON.stringify(event) }));
    const fresh = events.filter(({ key }) => !this.#told.has(key));
    this.#told = new Set(events.map(({ key }) => key));
    return fresh.map(({ atMs, target, text }) => agentEntry(atMs, target, text));
  }

  #read(): ReadStatus | undefined {
    try {
      this.#why = '';
      return readStatus(this.#host, this.#directory);
    } catch (problem) {
      if (!(problem instanceof OctavoError) || !ABSENT.has(problem.code)) throw problem;
      this.#why = problem.message;
      return undefined;
    }
  }

  get troubles(): readonly string[] {
    const { status } = this;
    if (this.state === 'absent') return [`No agent is seen: ${this.#why}.`];
    if (status === undefined) return [];
    const silentMs = this.#host.clock.wallMs() - status.updatedMs;
    const problem = status.configuration.problem;
    return [
      ...(this.state === 'ended' ? [`The agent (process ${status.holder.pid}) has ended.`] : []),
      ...(this.state === 'running' && silentMs > SILENT_MS
        ? [`The agent has told nothing for ${Math.round(silentMs / 1000)} s: what is shown is as old.`]
        : []),
      ...(problem === '' ? [] : [`Its configuration was not taken: ${problem}`]),
      ...status.troubles,
    ];
  }

  get budgets(): Budget[] {
    if (this.status === undefined) return [];
    const { own, startedMs, updatedMs } = this.status;
    const lived = updatedMs - startedMs;
    const used = lived > 0 ? own.cpuMs / lived : null;
    return [{ name: 'own CPU', target: null, used, limit: own.cpuBound, unit: 'share' }];
  }
}

/** A target as its status tells it; `values`: what the history knows of it. */
export function targetView(target: StatusTarget, id: string, values: TargetView['values']): TargetView {
  const { name, match, policy, processes, standing, reason, untilMs, blind, nextMs, last, totals } = target;
  const { returnedBytes = null, cameBackBytes = null } = totals;
  return {
    ...{ id, name, match, policy, state: stateOf(target), processes, nextMs },
    values: {
      residentBytes: last?.resident ?? null,
      hugeBytes: last?.huge ?? null,
      ...values,
      ...{ returnedBytes, cameBackBytes },
    },
    guard: { why: reason, state: standing, untilMs, blind: [...blind] },
    lastTurn: last && { atMs: last.atMs, end: last.end, why: last.why, notes: [...last.notes] },
  };
}

function stateOf({ standing, act, pausedSinceMs }: StatusTarget): TargetView['state'] {
  if (act && pausedSinceMs != null) return 'paused';
  if (standing === 'observe-only') return 'stopped';
  if (standing !== 'clear') return 'backing-off';
  return act ? 'acting' : 'observing';
}

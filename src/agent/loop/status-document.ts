/** What the agent tells of itself. */
import { ownHolder } from '../../host/lock-file.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { Target } from '../configuration/configuration.js';
import type { Status, StatusTarget } from '../life/status.js';
import type { Agent } from './agent.js';

/** Which configuration is in effect, since when, and what was wrong with the latest one. */
export interface ConfigurationFacts {
  readonly file: string;
  readonly loadedMs: Milliseconds;
  /** Why the last reload changed nothing; empty when it did. */
  readonly problem: string;
}

/** Returns the status document of an agent as of now. Reads memory only, no file of the kernel. */
export function statusOf(agent: Agent, startedMs: Milliseconds, facts: ConfigurationFacts): Status {
  const { host, configuration } = agent;
  return {
    ...{ octavo: 'agent-status', version: 1 },
    holder: ownHolder(host),
    ...{ startedMs, updatedMs: host.clock.wallMs() },
    configuration: { ...facts, files: [...configuration.files] },
    watching: { ...agent.counts },
    own: { cpuMs: agent.own.totalMs, cpuBound: configuration.cpuShare },
    troubles: [...agent.troubles],
    targets: configuration.targets.map((target) => statusTarget(agent, target)),
    asked: agent.asked.rows.map((row) => ({ ...row })),
    events: agent.events.last.map((event) => ({ ...event })),
  };
}

function statusTarget(agent: Agent, { name, match, act, policy }: Target): StatusTarget {
  const { last, totals, dueMs, pausedSinceMs = null } = agent.life(name);
  const { decision, state } = agent.guardsOf(name);
  const { clock } = agent.host;
  const wall = (monotonicMs: Milliseconds) =>
    Math.round(clock.wallMs() - clock.monotonicNs() / 1e6 + monotonicMs);
  return {
    ...{ name, match: match.words, act, policy },
    processes: agent.processesOf(name),
    members: agent
      .membersOf(name)
      .map(({ pid, startTicks, command, cgroup }) => ({ pid, startTicks, command, cgroup })),
    standing: decision.state,
    blind: [...decision.blind],
    untilMs: decision.state === 'backing-off' ? wall(state.untilMs) : null,
    reason: decision.why.join('; '),
    nextMs: wall(dueMs),
    last: last === undefined ? null : { ...last, notes: [...last.notes] },
    totals: { ...totals },
    pausedSinceMs,
  };
}

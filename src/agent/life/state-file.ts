/**
 * What the agent keeps on disk of its targets: standing, allowances and sums, so that a restart neither forgets a back-off
 * nor gives a budget twice. Times are wall times there, of the clock as it was then; one of an earlier boot that lies ahead,
 * after the clock was set back, counts as now.
 */
import * as z from 'zod';
import { parseJson } from '../../base/json-text.js';
import { type BackOffState, settled } from '../../guards/back-off.js';
import type { Host } from '../../host/host.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import { Allowance } from './allowance.js';
import { TargetLife } from './target-life.js';

/** Version of the state file; a file of a later version is left alone. */
export const STATE_VERSION = 1;

const Count = z.number().nonnegative();
const TargetSchema = z.object({
  backOff: z.object({
    stops: z.array(z.object({ atMs: z.number(), why: z.string() })),
    untilMs: z.number(),
    observeOnlySinceMs: z.number().optional(),
  }),
  used: z.array(z.object({ atMs: z.number(), blocks: Count, bytes: Count, lockMs: Count })),
  totals: z.object({
    ...{ turns: Count, failures: Count, met: Count, notMet: Count, refused: Count, undone: Count },
    ...{ returnedBytes: z.number(), cameBackBytes: Count },
  }),
  /** Wall time since when somebody has paused it. */
  pausedSinceMs: z.number().optional(),
});

const StateSchema = z.object({
  octavo: z.literal('agent-state'),
  version: z.literal(STATE_VERSION),
  /** Monotonic time less wall time when it was written, in ms, and the boot that it holds for. Absent in files of before. */
  clock: z.object({ bootId: z.string(), offsetMs: z.number() }).optional(),
  targets: z.record(z.string(), TargetSchema),
});

type State = z.infer<typeof StateSchema>;

/** From each version to the next, so that an upgrade in place keeps what was kept. Version 1 is the first. */
export type Upgraders = Readonly<Record<number, (older: Record<string, unknown>) => Record<string, unknown>>>;
const UPGRADERS: Upgraders = {};

/** The lives that could be read back, and what a reader has to know of the file. */
export interface ReadLives {
  readonly lives: ReadonlyMap<string, TargetLife>;
  /** What a reader should know: that the file was damaged, or of a later version. */
  readonly notes: readonly string[];
}

const pathOf = (directory: string) => `${directory}/agent.json`;

/** What was kept. A file that cannot be used is set aside, so that nothing of it is lost, and everything begins anew. */
export function readLives(host: Host, directory: string, upgraders = UPGRADERS): ReadLives {
  const path = pathOf(directory);
  const text = host.files.readText(path);
  if (!text.ok) {
    const isAbsent = text.error.errno === 'ENOENT' || text.error.errno === 'ENOTDIR';
    return { lives: new Map(), notes: isAbsent ? [] : [`${path} cannot be read (${text.error.errno})`] };
  }
  const state = parsedState(text.value, upgraders);
  if (typeof state !== 'string') return { lives: livesOf(host, state), notes: [] };
  const aside = host.files.writeFile(`${path}.damaged`, text.value);
  const where = aside.ok ? `${path}.damaged keeps it` : `it could not be set aside (${aside.error.errno})`;
  return { lives: new Map(), notes: [`${path} ${state}: budgets and back-offs begin anew; ${where}`] };
}

/** The state, or what is wrong with it. */
function parsedState(text: string, upgraders: Upgraders): State | string {
  const value = parseJson(text);
  if (!value.ok) return 'is damaged';
  let document = (value.value ?? {}) as Record<string, unknown>;
  for (let version = document.version; version !== STATE_VERSION; version = document.version) {
    const upgrade = typeof version === 'number' ? upgraders[version] : undefined;
    if (upgrade === undefined) return `is of version ${String(version)}, which this Octavo does not know`;
    document = upgrade(document);
  }
  return StateSchema.safeParse(document).data ?? 'is damaged';
}

/** Monotonic time less wall time: what turns one into the other. */
function offset(host: Host): Milliseconds {
  return host.clock.monotonicNs() / 1e6 - host.clock.wallMs();
}

/** Within a boot the monotonic clock goes on, whatever the wall clock was set to since. */
function offsetThen(host: Host, clock: State['clock']): Milliseconds {
  return clock?.bootId === host.identity.bootId ? clock.offsetMs : offset(host);
}

function livesOf(host: Host, { clock, targets }: State): ReadonlyMap<string, TargetLife> {
  const shift = offsetThen(host, clock);
  const nowMs = host.clock.monotonicNs() / 1e6;
  const past = (wallMs: number) => Math.min(nowMs, Math.round(wallMs + shift));
  const lives = Object.entries(targets).map(([name, { backOff, used, totals, pausedSinceMs }]) => {
    const allowance = new Allowance(used.map((entry) => ({ ...entry, atMs: past(entry.atMs) })));
    const life = new TargetLife(name, settled(shifted(backOff, shift), nowMs), allowance, totals);
    life.pausedSinceMs = pausedSinceMs;
    return [name, life] as const;
  });
  return new Map(lives);
}

/** The same times by another clock. */
function shifted({ stops, untilMs, observeOnlySinceMs }: BackOffState, shift: Milliseconds): BackOffState {
  return {
    stops: stops.map(({ atMs, why }) => ({ atMs: Math.round(atMs + shift), why })),
    untilMs: untilMs === 0 ? 0 : Math.round(untilMs + shift),
    ...(observeOnlySinceMs === undefined
      ? {}
      : { observeOnlySinceMs: Math.round(observeOnlySinceMs + shift) }),
  };
}

/** Keeps everything in one atomic write. Returns why it could not be kept, or undefined. */
export function keepLives(host: Host, directory: string, lives: Iterable<TargetLife>): string | undefined {
  const shift = -offset(host);
  const nowMs = host.clock.monotonicNs() / 1e6;
  const rows = [...lives].map(({ name, backOff, allowance, totals, pausedSinceMs }) => [
    name,
    {
      backOff: shifted(backOff, shift),
      used: allowance.entries(nowMs).map((entry) => ({ ...entry, atMs: entry.atMs + shift })),
      totals,
      ...(pausedSinceMs === undefined ? {} : { pausedSinceMs }),
    },
  ]);
  const state: State = {
    ...{ octavo: 'agent-state', version: STATE_VERSION },
    clock: { bootId: host.identity.bootId, offsetMs: -shift },
    targets: Object.fromEntries(rows),
  };
  const made = host.files.makeDirectory(directory);
  const written = made.ok ? host.files.writeFile(pathOf(directory), `${JSON.stringify(state)}\n`) : made;
  return written.ok ? undefined : `${pathOf(directory)} cannot be written (${written.error.errno})`;
}

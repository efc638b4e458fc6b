/**
 * Time as it passed, for the history: it starts as the wall time of the first turn and never goes back, and a clock that is
 * set by a year moves it by nothing. Within a boot it is counted by the kernel's uptime, which goes on in suspend; over a
 * reboot by the wall clock, as far as that can be believed.
 */
import type { Host } from '../host/host.js';
import type { Milliseconds, Nanoseconds } from '../vocabulary/units.js';

/** A moment by all clocks. */
export interface Moment {
  readonly livedMs: Milliseconds;
  readonly wallMs: Milliseconds;
  /** Since the boot; null where the kernel does not tell. */
  readonly uptimeMs: Milliseconds | null;
  /** Of this process; null for a moment of another one. */
  readonly monotonicNs: Nanoseconds | null;
  readonly bootId: string;
}

/** A reboot takes less: more than that is a clock that was set, or a host that was away and has no newer history. */
const LONGEST_REBOOT_MS: Milliseconds = 86_400_000;

/** Returns the moment after `last`: lived time goes on by what surely passed. */
export function now(host: Host, last: Moment | undefined): Moment {
  const wallMs = Math.round(host.clock.wallMs());
  const uptimeMs = readUptime(host);
  const clocks = { wallMs, uptimeMs, monotonicNs: host.clock.monotonicNs(), bootId: host.identity.bootId };
  const passed = last === undefined ? 0 : passedSince(last, clocks);
  return { livedMs: (last?.livedMs ?? wallMs) + passed, ...clocks };
}

/** The moment by the same count, for readers: they keep no time, and believe the wall clock over a reboot. */
export function asOfNow(host: Host, last: Moment): Moment {
  const moment = now(host, last);
  const believed = sinceBoot(last, moment) ?? Math.max(0, moment.wallMs - last.wallMs);
  return { ...moment, livedMs: last.livedMs + believed };
}

type Clocks = Omit<Moment, 'livedMs'>;

/** How long it is from a moment until a later one: never negative. */
function passedSince(last: Moment, clocks: Clocks): Milliseconds {
  return sinceBoot(last, clocks) ?? Math.min(LONGEST_REBOOT_MS, Math.max(0, clocks.wallMs - last.wallMs));
}

/** Undefined over a reboot, and where nothing tells: the kernel does not, and it is another process. */
function sinceBoot(last: Moment, { uptimeMs, monotonicNs, bootId }: Clocks): Milliseconds | undefined {
  if (bootId !== last.bootId) return undefined;
  if (uptimeMs !== null && last.uptimeMs !== null && uptimeMs >= last.uptimeMs)
    return uptimeMs - last.uptimeMs;
  if (monotonicNs === null || last.monotonicNs === null) return undefined;
  return Math.max(0, Math.round((monotonicNs - last.monotonicNs) / 1e6));
}

function readUptime({ files }: Host): Milliseconds | null {
  const text = files.readText('/proc/uptime');
  const seconds = text.ok ? Number.parseFloat(text.value) : Number.NaN;
  return Number.isFinite(seconds) ? Math.round(seconds * 1000) : null;
}

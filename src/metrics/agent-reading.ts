/** What the agent says of itself, for its metrics. */
import type { HistoryHealth } from '../history/health.js';
import type { Bytes, Milliseconds, Nanoseconds } from '../vocabulary/units.js';

/** Version, times, CPU and counts of the agent at one moment. */
export interface AgentReading {
  readonly version: string;
  /** Wall times. */
  readonly startedAtMs: Milliseconds;
  readonly lastTurnAtMs: Milliseconds | null;
  readonly lastTurnMs: Milliseconds | null;
  readonly turns: number;
  readonly turnsFailed: number;
  /** Of all processes of the agent since they started; null when unknown. */
  readonly cpuNs: Nanoseconds | null;
  readonly residentBytes: Bytes | null;
  /** Whether the configuration was read without an error when it was last read, and when the one in force was. */
  readonly configOk: boolean;
  readonly configLoadedAtMs: Milliseconds;
  /** Targets with living processes. */
  readonly targets: number;
  /** Guards that keep targets from being acted on, and how many of them. */
  readonly guards: readonly { readonly name: string; readonly targets: number }[];
  /** Absent where no history is kept. */
  readonly history?: HistoryHealth | undefined;
}

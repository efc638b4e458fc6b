/** Where the memory of an inspected process is: read, and in words. */
import type { Host } from '../../host/host.js';
import { DEFAULT_EMPTY_ABOVE } from '../../policies/return-empty.js';
import { readChargedMemory } from '../../verification/charge.js';
import type { Observation } from '../../verification/observe.js';
import {
  CHARGED_KINDS,
  type ChargedLines,
  chargedMemory,
  type MemoryLine,
  RESIDENT_KINDS,
  type ResidentMemory,
  residentMemory,
} from '../../verification/whereabouts.js';
import { showBytes } from '../print/units.js';
import type { Content } from './content.js';

/** Resident bytes by kind, and charged bytes of the cgroup by kind. Each list adds up to its total. */
export interface Whereabouts {
  readonly resident: ResidentMemory;
  /** Undefined in the root cgroup and where the memory controller is out of sight. */
  readonly charged: ChargedLines | undefined;
}

/** Reads the cgroup's counters and returns where the memory of an observed process is. */
export function whereabouts(host: Host, seen: Observation, content: Content | undefined): Whereabouts {
  const zeroPages = content?.zeroPagesOf ?? new Map();
  const charge = readChargedMemory(host, seen.sizes.process.pid);
  return {
    resident: residentMemory({ ...seen, zeroPages, emptyAbove: DEFAULT_EMPTY_ABOVE }),
    charged: charge && chargedMemory(seen, charge),
  };
}

/** Returns both lists as tables, each under its total. */
export function showWhereabouts({ resident, charged }: Whereabouts): string {
  const parts = [
    `Where its resident memory is: ${showBytes(resident.rssBytes)} (RSS)`,
    ...showLines(resident.lines, RESIDENT_KINDS),
    charged
      ? `What its cgroup ${charged.path} is charged: ${showBytes(charged.chargedBytes)}`
      : 'What its cgroup is charged: unknown (it is in the root cgroup, or the memory controller is out of sight)',
    ...(charged ? showLines(charged.lines, CHARGED_KINDS) : []),
  ];
  return parts.join('\n');
}

function showLines<Kind extends string>(
  lines: readonly MemoryLine<Kind>[],
  words: Readonly<Record<Kind, string>>,
): string[] {
  return lines.map(({ kind, bytes }) => `${showBytes(bytes).padStart(12)}  ${words[kind]}`);
}

/** Asks the kernel what its DAMON can do, by an empty scheme that never runs, where nothing that can be read tells. */
import type { Host } from '../host/host.js';
import { ownHolder } from '../host/lock-file.js';
import { askScheme, type DamonFeatures, readDamonFeatures } from './damon-features.js';
import { KDAMONDS } from './kernel-files.js';
import { takeDamonLock } from './lock.js';
import { chooseSlot, glanceAtDamonUse, type Occupied } from './owner.js';
import { recordPath, removeRecord, writeRecord } from './record.js';

/** Features, with the owner when another user of DAMON stands in the way of asking or acting. */
export interface DamonSurvey {
  readonly features: DamonFeatures;
  readonly occupied: Occupied | undefined;
}

/** What may be touched to find out. */
export interface SurveyOptions {
  /** A free slot of a tree that another tool set up would do. */
  readonly share: boolean;
  /** Without type information: ask an empty tree by a scratch slot, journaled and taken away at once. */
  readonly ask: boolean;
}

/** Looks at everything that can be read. Writes nothing unless `ask` is set. */
export function surveyDamon(host: Host, { share, ask }: SurveyOptions): DamonSurvey {
  const features = readDamonFeatures(host);
  if (features.missing) return { features, occupied: undefined };
  const choice = chooseSlot(glanceAtDamonUse(host), share);
  if (typeof choice === 'object') return { features, occupied: choice };
  if (features.basis === 'btf') return { features, occupied: undefined };
  return {
    features: ask && choice === 'grow' ? askEmptyTree(host, features) : features,
    occupied: undefined,
  };
}

function askEmptyTree(host: Host, known: DamonFeatures): DamonFeatures {
  if (host.files.status(recordPath(host)).ok) return known;
  const lock = takeDamonLock(host);
  if (!lock.ok) return known;
  try {
    const holder = ownHolder(host);
    const plain = {
      octavo: 'damon-session',
      version: 1,
      slot: 0,
      grew: true,
      refreshMs: null,
      kdamond: null,
    } as const;
    if (!writeRecord(host, { ...plain, holder, targets: [] }).ok) return known;
    if (!host.files.writeKernelFile(`${KDAMONDS}/nr_kdamonds`, '1').ok) return known;
    const answer = askInSlot(host, `${KDAMONDS}/0`);
    host.files.writeKernelFile(`${KDAMONDS}/nr_kdamonds`, '0');
    return answer;
  } finally {
    removeRecord(host);
    lock.value.release();
  }
}

/** Asks in a slot that is held; leaves it empty. */
export function askInSlot(host: Host, slot: string): DamonFeatures {
  const known = readDamonFeatures(host);
  if (known.basis === 'btf') return known;
  const write = (file: string, text: string) => host.files.writeKernelFile(`${slot}/${file}`, text).ok;
  const made = write('contexts/nr_contexts', '1') && write('contexts/0/schemes/nr_schemes', '1');
  const answer = made ? askScheme(host, `${slot}/contexts/0/schemes/0`) : known;
  write('contexts/nr_contexts', '0');
  return answer;
}

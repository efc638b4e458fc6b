/**
 * Where the contracts of sources and verification are checked: on the model kernel of each release, on this machine's
 * own kernel, and on a recording of either. All of them stand behind the same host interface; what a process does to
 * its own memory goes through the machines of test/differential.
 */
import { join } from 'node:path';
import { folderHost } from '../../src/host/folder/folder-host.js';
import type { Host } from '../../src/host/host.js';
import { linuxHost } from '../../src/host/linux/linux-host.js';
import { recordHost } from '../../src/host/recording/recording-host.js';
import { RELEASES, type Release } from '../../src/model/kernel/state/options.js';
import { GEOMETRY_4K } from '../../src/vocabulary/units.js';
import { liveMachine } from '../differential/live-machine.js';
import { modelMachine } from '../differential/model-machine.js';
import type { Backing, Machine } from '../differential/test-machine.js';
import { skipUnlessLive } from '../live/abilities.js';
import { temporaryFolder } from '../support/kernels.js';

export interface Stage {
  readonly name: string;
  readonly kind: 'model' | 'linux';
  /** Why it cannot be had here. */
  readonly skip: false | string;
  readonly pagesPerBlock: number;
  /** A process with an untouched anonymous region of so many huge blocks, which nobody but the test changes. */
  open(blocks: number, backing?: Backing): Promise<Machine>;
  /** Where Octavo may keep a journal. */
  stateDirectory(): string;
}

const PRIVATE: Backing = { kind: 'private', offset: 0 };

/** As on the machines that the rows of the facts were measured on: huge pages for those who ask. */
const THP = { enabled: 'madvise' };

function modelOf(release: Release): Stage {
  return {
    name: `the model of ${release}`,
    kind: 'model',
    skip: false,
    pagesPerBlock: GEOMETRY_4K.pagesPerBlock,
    open: async (blocks, backing = PRIVATE) => modelMachine(blocks, backing, { thp: THP }, release),
    stateDirectory: () => '/var/lib/octavo',
  };
}

const live: Stage = {
  name: 'this kernel',
  kind: 'linux',
  skip: skipUnlessLive(),
  pagesPerBlock: linuxHost().identity.geometry.pagesPerBlock,
  open: async (blocks, backing = PRIVATE) => {
    const machine = await liveMachine(blocks, backing);
    // Where THP is `always`, khugepaged leaves the process alone (6.18 on; older kernels refuse and need `madvise`).
    await machine.thpDisable('except-advised');
    return machine;
  },
  stateDirectory: () => temporaryFolder('contract-state'),
};

export const STAGES: readonly Stage[] = [...(Object.keys(RELEASES) as Release[]).map(modelOf), live];

/** What `look` reads on a host, kept in a folder and played back by the host of folders. */
export async function recordingOf(host: Host, look: (host: Host) => Promise<void>): Promise<Host> {
  const recorder = recordHost(host);
  await look(recorder.host);
  const folder = join(temporaryFolder('contract'), 'recording');
  recorder.save(folder);
  return folderHost(folder, '/state');
}

/** Performs calls one after the other and fails at the first that is refused. */
export async function must(...calls: Promise<string>[]): Promise<void> {
  for (const call of calls) {
    const answer = await call;
    if (answer !== 'ok') throw new Error(`the machine could not be prepared: ${answer}`);
  }
}

export interface Prepared {
  readonly machine: Machine;
  readonly firstBlock: number;
}

/**
 * Four blocks: 0 huge with data in every 64th page, 1 huge and full of data, 2 with 100 base pages, 3 untouched.
 */
export async function fourBlocks(stage: Stage): Promise<Prepared> {
  const machine = await stage.open(4);
  const { pagesPerBlock } = machine.host.identity.geometry;
  await must(machine.write({ from: 0, pages: pagesPerBlock }, 64));
  await must(machine.write({ from: pagesPerBlock, pages: pagesPerBlock }, 1));
  await must(machine.advise({ from: 0, pages: 2 * pagesPerBlock }, 'MADV_COLLAPSE'));
  await must(machine.write({ from: 2 * pagesPerBlock, pages: 100 }, 1));
  await machine.settle();
  return { machine, firstBlock: machine.firstPage / pagesPerBlock };
}

/** The programs that a run of the lab needs on this machine, and the Debian packages that bring them. */
import { spawnSync } from 'node:child_process';
import type { Architecture } from '../src/model/kernel/state/options.js';
import { LabUnavailable } from './apt.js';
import { findBusybox } from './image.js';
import { findQemu } from './qemu.js';

const BUILD_TOOLS: Readonly<Record<string, string>> = {
  make: 'make',
  gcc: 'gcc',
  flex: 'flex',
  bison: 'bison',
  bc: 'bc',
  perl: 'perl',
  lz4: 'lz4',
};

export interface Need {
  readonly isThere: () => boolean;
  readonly packages: readonly string[];
}

const runs = (program: string) => spawnSync(program, ['--version']).error === undefined;

export function needsOf(architecture: Architecture, builds: boolean): readonly Need[] {
  const qemu = architecture === 'arm64' ? ['qemu-system-arm'] : ['qemu-system-x86', 'seabios'];
  return [
    { isThere: () => findQemu(architecture) !== undefined, packages: qemu },
    ...(architecture === 'arm64'
      ? [{ isThere: () => runs('npm'), packages: ['npm'] }]
      : [{ isThere: () => findBusybox() !== undefined, packages: ['busybox-static'] }]),
    { isThere: () => runs('dpkg-deb'), packages: ['dpkg'] },
    ...(builds ? Object.entries(BUILD_TOOLS).map(([tool, name]) => toolNeed(tool, name)) : []),
  ];
}

const toolNeed = (tool: string, name: string): Need => ({ isThere: () => runs(tool), packages: [name] });

/** Debian's modules are compressed. */
export const MODULE_NEEDS: readonly Need[] = [toolNeed('xz', 'xz-utils')];

/** Tells everything that is missing at once, before anything is downloaded. */
export function checkNeeds(needs: readonly Need[]): void {
  const missing = needs.filter(({ isThere }) => !isThere()).flatMap(({ packages }) => packages);
  if (missing.length > 0) throw new LabUnavailable(`missing here: apt-get install ${missing.join(' ')}`);
}

/** Kernel modules for a guest: from Debian's package of the lab's newest kernel, with what they depend on, decompressed. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fetchKernel, LabUnavailable } from './apt.js';
import type { LabKernel } from './kernels.js';

const MODULES: LabKernel = {
  series: '7.3',
  release: '7.3.4+deb13-cloud-amd64-modules',
  suite: 'trixie-backports',
  package: 'linux-modules-7.3.4+deb13-cloud-amd64',
  version: '7.3.4-1~bpo13+1',
  sha256: '359f04c363b7d3c5f9ce999ccb7351e00cc8eec0a30d6bc1cda37734987fc43d',
  image: 'usr/lib/modules/7.3.4+deb13-cloud-amd64/kernel',
};

export interface GuestModule {
  readonly name: string;
  readonly content: Uint8Array;
}

/** A module and those that it needs, in the order in which they have to be loaded. */
export function modulesFor(name: string, cache: string, say: (line: string) => void): readonly GuestModule[] {
  const folder = fetchKernel(MODULES, cache, say);
  const paths = new Map(moduleFiles(folder).map((path) => [nameOf(path), path]));
  return inOrder(name, (wanted) => {
    const path = paths.get(wanted);
    if (path === undefined) throw new LabUnavailable(`${MODULES.package} holds no module ${wanted}`);
    return decompressed(path);
  });
}

/** `read` gives a module's ELF file. Exported for its test. */
export function inOrder(name: string, read: (name: string) => Uint8Array): readonly GuestModule[] {
  const done = new Map<string, GuestModule>();
  const visit = (wanted: string) => {
    if (done.has(wanted)) return;
    const content = read(wanted);
    for (const needed of dependsOf(content)) visit(needed);
    done.set(wanted, { name: wanted, content });
  };
  visit(name);
  return [...done.values()];
}

/** The `depends=` entry of a module's .modinfo section, whose entries end with a zero byte. */
export function dependsOf(content: Uint8Array): readonly string[] {
  const text = Buffer.from(content).toString('latin1');
  const found = /\0depends=([^\0]*)\0/.exec(text)?.[1] ?? '';
  return found.split(',').filter((name) => name !== '');
}

/** The kernel takes - and _ for the same in names. */
const nameOf = (path: string) =>
  basename(path)
    .replace(/\.ko(\.xz)?$/, '')
    .replaceAll('-', '_');

function moduleFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return moduleFiles(path);
    return /\.ko(\.xz)?$/.test(entry.name) ? [path] : [];
  });
}

function decompressed(path: string): Uint8Array {
  const [command, ...words] = path.endsWith('.xz') ? ['xz', '-dc', path] : ['cat', path];
  const result = spawnSync(command, words, { maxBuffer: 1 << 26 });
  if (result.error) throw new LabUnavailable(`${command}: ${result.error.message}`);
  if (result.status !== 0) throw new LabUnavailable(`${command} ${path}: ${result.stderr}`);
  return result.stdout;
}

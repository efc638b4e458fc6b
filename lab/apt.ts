/**
 * Fetches single Debian packages beside the system: private package lists, caches and state, so that nothing
 * installed changes. The mirror and the keyring are the machine's own (its apt sources), never written down here.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabKernel } from './kernels.js';

export interface Mirror {
  readonly uri: string;
  readonly keyring: string | undefined;
}

/** Something the lab cannot do here, with the reason as its message. */
export class LabUnavailable extends Error {}

/** First Debian archive (not the security one) among the machine's apt sources, in either of their two formats. */
export function findMirror(sources: readonly string[]): Mirror | undefined {
  for (const text of sources) {
    for (const stanza of text.split(/\n\s*\n/)) {
      const found = deb822Mirror(stanza) ?? oneLineMirror(stanza);
      if (found) return found;
    }
  }
  return undefined;
}

function deb822Mirror(stanza: string): Mirror | undefined {
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.+)$`, 'm').exec(stanza)?.[1]?.trim();
  const uri = field('URIs')?.split(/\s+/)[0];
  if (!uri || !isDebianArchive(uri)) return undefined;
  return { uri, keyring: field('Signed-By') };
}

function oneLineMirror(text: string): Mirror | undefined {
  for (const line of text.split('\n')) {
    const parts = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s/.exec(line.trim());
    if (!parts || !isDebianArchive(parts[2])) continue;
    return { uri: parts[2], keyring: /signed-by=(\S+)/.exec(parts[1] ?? '')?.[1] };
  }
  return undefined;
}

function isDebianArchive(uri: string): boolean {
  return /\/debian\/?$/.test(uri);
}

function machineSources(): string[] {
  const folder = '/etc/apt/sources.list.d';
  const files = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => /\.(sources|list)$/.test(name))
        .map((name) => join(folder, name))
    : [];
  return ['/etc/apt/sources.list', ...files]
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'utf8'));
}

/** Path of the kernel image, downloading, checking and unpacking its package the first time only. */
export function fetchKernel(kernel: LabKernel, cache: string, say: (line: string) => void): string {
  const folder = join(cache, 'kernels', kernel.release);
  const image = join(folder, kernel.image);
  if (existsSync(image)) return image;
  say(`downloading ${kernel.package} ${kernel.version}`);
  const archive = download(kernel, cache);
  checkSum(archive, kernel);
  unpack(archive, folder);
  if (!existsSync(image)) throw new LabUnavailable(`${kernel.package} holds no ${kernel.image}`);
  return image;
}

function download(kernel: LabKernel, cache: string): string {
  const folder = join(cache, 'packages');
  mkdirSync(folder, { recursive: true });
  const options = privateApt(kernel, cache);
  apt([...options, 'update'], folder);
  apt([...options, 'download', `${kernel.package}=${kernel.version}`], folder);
  const file = readdirSync(folder).find((name) => name.startsWith(`${kernel.package}_`));
  if (!file) throw new LabUnavailable(`apt-get downloaded no ${kernel.package}`);
  return join(folder, file);
}

/** Source text in the Debian archive of which some files are wanted. */
export interface SourcePackage {
  readonly suite: string;
  /** Name of a source package, or of a package that holds the text as an archive. */
  readonly name: string;
  /** Path of that archive in the package; undefined for a source package. */
  readonly archive?: string;
  /** Patterns of tar for the members to unpack. */
  readonly parts: readonly string[];
}

/** Folder with those parts of the newest upstream source, downloaded and unpacked the first time only. */
export function fetchSource(wanted: SourcePackage, cache: string, say: (line: string) => void): string {
  const folder = join(cache, 'sources', wanted.name);
  if (existsSync(folder)) return folder;
  const downloads = join(cache, 'packages', wanted.name);
  mkdirSync(downloads, { recursive: true });
  const options = privateApt(wanted, cache);
  apt([...options, 'update'], downloads);
  say(`downloading ${wanted.name}`);
  const archive =
    wanted.archive === undefined
      ? sourceArchive(wanted, options, downloads)
      : packedArchive(wanted, options, downloads);
  unpackParts(archive, folder, wanted.parts);
  rmSync(downloads, { recursive: true });
  return folder;
}

function sourceArchive({ name }: SourcePackage, options: readonly string[], downloads: string): string {
  apt([...options, '--download-only', '--tar-only', 'source', name], downloads);
  return downloaded(downloads, /\.orig\.tar\.\w+$/, name);
}

function packedArchive(
  { name, archive }: SourcePackage,
  options: readonly string[],
  downloads: string,
): string {
  apt([...options, 'download', name], downloads);
  unpack(downloaded(downloads, /\.deb$/, name), join(downloads, 'unpacked'));
  return join(downloads, 'unpacked', archive ?? '');
}

function downloaded(folder: string, pattern: RegExp, name: string): string {
  const file = readdirSync(folder).find((found) => pattern.test(found));
  if (!file) throw new LabUnavailable(`apt-get downloaded no ${name}`);
  return join(folder, file);
}

function unpackParts(archive: string, folder: string, parts: readonly string[]): void {
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const members = ['--strip-components=1', '--wildcards', ...parts];
  const result = spawnSync('tar', ['-xf', archive, '-C', partial, ...members], { encoding: 'utf8' });
  if (readdirSync(partial).length === 0)
    throw new LabUnavailable(`tar -xf ${archive}: ${result.stderr ?? result.error}`);
  renameSync(partial, folder);
}

/** Programs and libraries of an architecture from the newest versions of packages, in one folder; once only. */
export function fetchPackages(
  packages: readonly string[],
  from: Pick<LabKernel, 'suite' | 'architecture'>,
  folder: string,
  cache: string,
): string {
  if (existsSync(folder)) return folder;
  const downloads = join(cache, 'packages', `${from.suite}-${from.architecture ?? 'x64'}`);
  mkdirSync(downloads, { recursive: true });
  const options = privateApt(from, cache);
  apt([...options, 'update'], downloads);
  apt([...options, 'download', ...packages], downloads);
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  for (const name of readdirSync(downloads)) unpack(join(downloads, name), join(partial, name));
  renameSync(partial, folder);
  rmSync(downloads, { recursive: true });
  return folder;
}

function privateApt(kernel: Pick<LabKernel, 'suite' | 'architecture'>, cache: string): string[] {
  const mirror = findMirror(machineSources());
  if (!mirror) throw new LabUnavailable('no Debian archive among this machine’s apt sources');
  const isArm = kernel.architecture === 'arm64';
  const home = join(cache, 'apt', isArm ? `${kernel.suite}-arm64` : kernel.suite);
  for (const part of ['lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(home, part), { recursive: true });
  }
  const signed = mirror.keyring ? `[signed-by=${mirror.keyring}] ` : '';
  const lines = ['deb', 'deb-src'].map((kind) => `${kind} ${signed}${mirror.uri} ${kernel.suite} main\n`);
  writeFileSync(join(home, 'sources.list'), lines.join(''));
  const settings = {
    'Dir::Etc::sourcelist': join(home, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State::lists': join(home, 'lists'),
    'Dir::Cache': join(home, 'cache'),
    'APT::Sandbox::User': 'root',
    'Acquire::Retries': '3',
    // Nothing of the machine's own packages counts for another architecture.
    ...(isArm
      ? { 'APT::Architecture': 'arm64', 'APT::Architectures': 'arm64', 'Dir::State::status': '/dev/null' }
      : {}),
  };
  return Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
}

function apt(parameters: readonly string[], folder: string): void {
  const result = spawnSync('apt-get', ['-q', ...parameters], { cwd: folder, encoding: 'utf8' });
  if (result.error) throw new LabUnavailable(`apt-get: ${result.error.message}`);
  if (result.status !== 0) {
    const lines = result.stderr.trim().split('\n');
    const reason = lines.find((line) => line.startsWith('E: Failed to fetch')) ?? lines.at(-1);
    throw new LabUnavailable(`apt-get ${parameters.at(-1)}: ${reason}`);
  }
}

function checkSum(archive: string, kernel: LabKernel): void {
  const found = createHash('sha256').update(readFileSync(archive)).digest('hex');
  if (found === kernel.sha256) return;
  rmSync(archive);
  throw new LabUnavailable(`${kernel.package}: checksum is ${found}, pinned is ${kernel.sha256}`);
}

/** Unpacks into a temporary folder first, so that an interrupted run leaves no half a kernel behind. */
function unpack(archive: string, folder: string): void {
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const result = spawnSync('dpkg-deb', ['-x', archive, partial], { encoding: 'utf8' });
  if (result.status !== 0)
    throw new LabUnavailable(`dpkg-deb -x ${archive}: ${result.stderr ?? result.error}`);
  rmSync(folder, { recursive: true, force: true });
  renameSync(partial, folder);
}

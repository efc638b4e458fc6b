// Unpacks Debian's newest perf beside the system, with its own libraries, and returns how to start it. Nothing of
// the system changes: apt runs with lists, status and cache of its own, and packages are only unpacked.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SUITE = 'trixie';
const BACKPORTS = `${SUITE}-backports`;

/** Words to start the unpacked perf with; undefined (and a reason printed) when it cannot be had. */
export function newestPerf(cache) {
  const tree = join(cache, 'perf');
  if (!existsSync(join(tree, 'usr/bin/perf')) && !unpack(cache, tree)) return undefined;
  const triple = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const loader = process.arch === 'arm64' ? 'ld-linux-aarch64.so.1' : 'ld-linux-x86-64.so.2';
  const library = ['usr/lib', 'lib', `usr/lib/${triple}`].map((part) => join(tree, part));
  const start = join(tree, 'usr/lib', triple, loader);
  return [start, '--library-path', library.reverse().join(':'), binary(tree)];
}

/** Debian's perf may be a wrapper that picks a version. */
function binary(tree) {
  const found = readdirSync(join(tree, 'usr/bin')).filter((name) => /^perf(_[\d.]+)?$/.test(name));
  return join(tree, 'usr/bin', found.sort().at(-1) ?? 'perf');
}

function unpack(cache, tree) {
  const source = machineSource();
  if (source === undefined) return refuse('no Debian source is configured');
  for (const name of ['lists/partial', 'archives/partial', 'perf'])
    mkdirSync(join(cache, name), { recursive: true });
  writeFileSync(join(cache, 'status'), '');
  writeFileSync(
    join(cache, 'sources.list'),
    [SUITE, BACKPORTS].map((suite) => `deb [signed-by=${source.key}] ${source.uri} ${suite} main\n`).join(''),
  );
  const options = Object.entries({
    'Dir::Etc::sourcelist': join(cache, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State::lists': join(cache, 'lists'),
    'Dir::State::status': join(cache, 'status'),
    'Dir::Cache': cache,
    'APT::Install-Recommends': 'false',
    'Acquire::Languages': 'none',
  }).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  const apt = (...words) =>
    spawnSync('apt-get', [...options, '-q', '-y', ...words], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (apt('update').status !== 0) return refuse('apt-get update failed');
  if (apt('install', '--download-only', `linux-perf/${BACKPORTS}`, '-t', BACKPORTS).status !== 0) {
    return refuse(`linux-perf of ${BACKPORTS} cannot be downloaded`);
  }
  for (const name of readdirSync(join(cache, 'archives')).filter((file) => file.endsWith('.deb'))) {
    spawnSync('dpkg', ['-x', join(cache, 'archives', name), tree]);
  }
  return existsSync(join(tree, 'usr/bin')) || refuse('the package holds no perf');
}

/** URI and key of the machine's own Debian source, so that no mirror is written down here. */
function machineSource() {
  const folder = '/etc/apt/sources.list.d';
  const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  for (const file of files.filter((name) => name.endsWith('.sources'))) {
    const text = readFileSync(file, 'utf8');
    const uri = /^URIs:\s*(\S*debian\/?)\s*$/m.exec(text)?.[1];
    const key = /^Signed-By:\s*(\S+)/m.exec(text)?.[1];
    if (uri !== undefined && key !== undefined) return { uri, key };
  }
  return undefined;
}

function refuse(reason) {
  console.error(`newest perf: ${reason}`);
  return false;
}

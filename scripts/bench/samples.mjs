// Decoding against perf: page faults and SPE to hot maps, and the whole command to a heat file, all in the same run and turn
// by turn; then memory and time on a stream far larger than memory allows. perf prints to /dev/null. Ratios are medians of
// pairs, each of one round. `npm run bench:samples -- [--gib 10] [--rounds 15] [--perf PATH]`
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, root } from '../prepare.mjs';
import { newestPerf } from './newest-perf.mjs';
import { memorySamples, pageFaults, spe } from './recordings.mjs';

prepare();
const { PerfFileSource } = await import('../../dist/src/sources/perf-file.js');
const { HotMaps } = await import('../../dist/src/hotness/hot-maps.js');
const { linuxHost } = await import('../../dist/src/host/linux/linux-host.js');
const { GEOMETRY_4K } = await import('../../dist/src/vocabulary/units.js');

const cache = join(root, '.cache/bench');
mkdirSync(cache, { recursive: true });
const rounds = option('--rounds', 15);
const perf = choosePerf();
const SMALL = save('small.data', pageFaults(100));
const perfName =
  perf && spawnSync(perf[0], [...perf.slice(1), '--version'], { encoding: 'utf8' }).stdout.trim();

console.log(
  `load average ${readFileSync('/proc/loadavg', 'utf8').split(' ')[0]}, node ${process.version}, peer ${perfName ?? 'none'}, ${rounds} rounds`,
);
const FIELDS = ['-F', 'pid,time,addr'];
await compare(
  'page faults',
  save('page-faults.data', pageFaults(1 << 20)),
  { script: [], 'script -F pid,time,addr': FIELDS },
  new Set([4242]),
);
await compare(
  'two events, 128 ids, 8 processes of which 6 are wanted',
  save('memory.data', memorySamples(1 << 20)),
  { 'script -F pid,time,addr': FIELDS },
  new Set([3000, 3001, 3002, 3003, 3004, 3005]),
);
await compare(
  'Arm SPE',
  save('spe.data', spe(300_000)),
  {
    script: [],
    'script --itrace=M': ['--itrace=M'],
    'script --itrace=M -F pid,time,addr': ['--itrace=M', ...FIELDS],
  },
  new Set([4242]),
);
await stream(option('--gib', 10));

/** Turn by turn in each round, so that all see the same machine; the first turn in process is shown apart. */
async function compare(name, path, peers, pids) {
  const first = await decode(path, pids);
  /** @type {Record<'own' | 'whole' | 'bare' | 'start', ReturnType<typeof script>[]>} */
  const turns = { own: [], whole: [], bare: [], start: [] };
  /** @type {Record<string, ReturnType<typeof script>[]>} */
  const theirs = Object.fromEntries(Object.keys(peers).map((peer) => [peer, []]));
  for (let round = 0; round < rounds; round++) {
    const own = [];
    for (let repeat = 0; repeat < 4; repeat++) own.push(await decode(path, pids));
    turns.own.push({ wall: median(own, 'wall'), cpu: median(own, 'cpu') });
    turns.whole.push(wholeCommand(path));
    turns.bare.push(timed([process.execPath, '-e', '0'], 'ignore'));
    turns.start.push(wholeCommand(SMALL));
    if (perf !== undefined)
      for (const peer of Object.keys(peers)) theirs[peer].push(script(path, peers[peer]));
  }
  console.log(`\n${name}: ${first.samples} samples into hot maps`);
  row('octavo, in process, first turn', [first]);
  row('octavo, in process', turns.own);
  row('octavo import --out, whole command', turns.whole);
  row('the same of 100 samples', turns.start);
  row('node -e 0', turns.bare);
  for (const peer of Object.keys(peers)) {
    if (theirs[peer].length === 0) continue;
    row(`perf ${peer}`, theirs[peer]);
    console.log(`    in process faster by     ${ratios(theirs[peer], turns.own)}`);
    console.log(`    whole command faster by  ${ratios(theirs[peer], turns.whole)}`);
    console.log(`    a bare node would be by  ${ratios(theirs[peer], turns.bare)}`);
  }
}

async function decode(path, pids) {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const source = new PerfFileSource({ path, pids, geometry: GEOMETRY_4K });
  const maps = new HotMaps({ geometry: GEOMETRY_4K });
  let samples = 0;
  const context = { host: linuxHost(), progress() {}, signal: new AbortController().signal };
  for await (const batch of source.batches(context)) {
    samples += batch.count;
    maps.addSamples(batch);
  }
  const used = process.cpuUsage(cpu);
  return { wall: performance.now() - started, cpu: (used.user + used.system) / 1000, samples };
}

function script(path, parameters) {
  return timed([...(perf ?? []), 'script', '-i', path, ...parameters], 'ignore');
}

function wholeCommand(path) {
  const main = join(root, 'bundle/octavo.js');
  return timed([process.execPath, main, 'import', path, '--out', join(cache, 'heat.parquet')], 'ignore');
}

/** Wall clock and CPU time of a command; CPU time by the shell's `times`. */
function timed(words, out) {
  const started = performance.now();
  const result = spawnSync('bash', ['-c', '"$@" 2>/dev/null; times >&2', 'bash', ...words], {
    stdio: ['ignore', out, 'pipe'],
    encoding: 'utf8',
  });
  const wall = performance.now() - started;
  const children = result.stderr.trim().split('\n').at(-1) ?? '';
  const cpu = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, m, s]) => sum + Number(m) * 60e3 + Number(s) * 1e3,
    0,
  );
  return { wall, cpu };
}

function best(turns, key) {
  return Math.min(...turns.map((turn) => turn[key]));
}

function median(turns, key) {
  return turns.map((turn) => turn[key]).sort((a, b) => a - b)[turns.length >> 1];
}

function row(name, turns) {
  const show = (of, key) => of(turns, key).toFixed(1).padStart(8);
  console.log(
    `  ${name.padEnd(40)} wall best ${show(best, 'wall')} median ${show(median, 'wall')}` +
      `   CPU best ${show(best, 'cpu')} median ${show(median, 'cpu')} ms`,
  );
}

/** Medians of the ratios of pairs. */
function ratios(theirs, ours) {
  const ratio = (key) => {
    const pairs = theirs.map((turn, round) => ({ [key]: turn[key] / ours[round][key] }));
    return `${median(pairs, key).toFixed(1)} ×`;
  };
  return `wall ${ratio('wall')}, CPU ${ratio('cpu')}`;
}

/** Pipes recordings of growing size into the command: memory must stay, time must grow in proportion. */
async function stream(gib) {
  console.log('\nstreamed through a pipe');
  for (const size of [gib / 4, gib / 2, gib].filter((each) => each > 0)) {
    const samples = Math.floor((size * 2 ** 30) / 56);
    const words = [join(root, 'bundle/octavo.js'), 'import', '-', '--json'];
    const started = performance.now();
    const child = spawn('/usr/bin/env', [process.execPath, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    const peak = watchMemory(child.pid);
    const ended = new Promise((resolve) => child.once('close', resolve));
    for (const piece of pageFaults(samples, { pipe: true })) {
      if (!child.stdin.write(piece)) await new Promise((resolve) => child.stdin.once('drain', resolve));
    }
    child.stdin.end();
    await ended;
    const found = JSON.parse(text);
    const seconds = (performance.now() - started) / 1000;
    const isWhole = found.samples === samples && found.damaged === 0;
    console.log(
      `  ${size.toFixed(2)} GiB: ${found.samples} samples${isWhole ? '' : ' (NOT ALL)'} in ${seconds.toFixed(1)} s ` +
        `(${(seconds / size).toFixed(1)} s/GiB), at most ${peak()} MiB resident`,
    );
  }
}

/** VmHWM of a process, which the kernel keeps: the last value read before its end. */
function watchMemory(pid) {
  let most = 0;
  const timer = setInterval(() => {
    try {
      const text = readFileSync(`/proc/${pid}/status`, 'utf8');
      most = Math.max(most, Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? 0));
    } catch {
      clearInterval(timer);
    }
  }, 100);
  return () => {
    clearInterval(timer);
    return Math.round(most / 1024);
  };
}

function save(name, pieces) {
  const path = join(cache, name);
  const file = openSync(path, 'w');
  for (const piece of pieces) writeSync(file, piece);
  closeSync(file);
  return path;
}

function choosePerf() {
  const at = process.argv.indexOf('--perf');
  return at < 0 ? newestPerf(join(root, '.cache/newest-perf')) : [process.argv[at + 1]];
}

function option(name, otherwise) {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

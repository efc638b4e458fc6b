// Page faults of a child read straight from perf rings, against the same through a pipe of `perf record`.
// `npm run bench:live -- [--seconds 5]`
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { prepare } from '../prepare.mjs';

prepare();
const { linuxHost } = await import('../../dist/src/host/linux/linux-host.js');
const { PAGE_FAULTS, PerfLiveSource } = await import('../../dist/src/sources/perf-live.js');
const { PerfPipeSource } = await import('../../dist/src/sources/perf-pipe.js');
const { samplingEvent } = await import('../../dist/src/sources/sampling-event.js');

const TOUCHER = `
  for (;;) {
    const memory = new Uint8Array(8 << 20);
    for (let at = 0; at < memory.length; at += 4096) memory[at] = 1;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
`;
const at = process.argv.indexOf('--seconds');
const durationMs = 1000 * (at < 0 ? 5 : Number(process.argv[at + 1]));
const host = linuxHost();
const { geometry } = host.identity;
const child = spawn(process.execPath, ['-e', TOUCHER], { stdio: 'ignore' });
await new Promise((resolve) => setTimeout(resolve, 500));
const { pid } = child;
if (pid === undefined) throw new Error('no process to sample');
const pids = [pid];
console.log(
  `load average ${readFileSync('/proc/loadavg', 'utf8').split(' ')[0]}, ${durationMs / 1000} s each`,
);

const live = new PerfLiveSource({ event: PAGE_FAULTS, pids, durationMs, geometry });
await measure('rings', live, () => live.session.state.losses.records + live.session.state.losses.samples);

const event = samplingEvent(host, { method: 'faults', physical: false });
if (typeof event === 'string') throw new Error(event);
const pipe = new PerfPipeSource({
  event,
  scope: { kind: 'processes', pids },
  period: 1,
  durationMs,
  geometry,
  bound: 1,
});
await measure('perf record, pipe', pipe, () => pipe.slices.reduce((sum, slice) => sum + slice.lost, 0));
child.kill('SIGKILL');

async function measure(name, source, lost) {
  const own = process.cpuUsage();
  const others = childrenMs();
  let samples = 0;
  const context = { host, progress() {}, signal: new AbortController().signal };
  for await (const batch of source.batches(context)) samples += batch.count;
  const used = process.cpuUsage(own);
  const ours = (used.user + used.system) / 1000;
  const theirs = childrenMs() - others;
  const each = (1e6 * (ours + theirs)) / Math.max(1, samples);
  console.log(
    `${name.padEnd(20)} ${samples} samples, ${lost()} lost; own CPU ${ours.toFixed(0)} ms, perf's ${theirs.toFixed(0)} ms, ${each.toFixed(0)} ns a sample`,
  );
}

/** CPU time of ended children: fields 16 and 17 of /proc/self/stat, in ticks of 10 ms. */
function childrenMs() {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
  return 10 * (Number(fields[13]) + Number(fields[14]));
}

/** Commands on a model of a host with a few processes: what they say, whom they leave out, how they end. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { terminalOn } from '../../../test/support/terminal.js';
import type { Host } from '../../host/host.js';
import { modelHost } from '../../model/host/model-host.js';
import { access } from '../../model/kernel/access/access.js';
import { exit, mmap, spawn } from '../../model/kernel/address-space/processes.js';
import { boot } from '../../model/kernel/boot.js';
import type { Mm } from '../../model/kernel/state/mm.js';
import type { ErrnoName } from '../../vocabulary/errno.js';
import { MIB } from '../../vocabulary/units.js';

/** Processes called `victim`, of 1, 2, 3 … huge pages with data in every 64th sub-page. */
function world(count: number) {
  const kernel = boot({ memoryBytes: 512 * MIB, thp: { enabled: 'always' } });
  const host = modelHost(kernel);
  const victims = Array.from({ length: count }, (_, number) => {
    const process = spawn(kernel, { command: 'victim' });
    const mm = process.mm as Mm;
    const pages = (number + 1) * 512;
    const base = mmap(kernel, mm, { pages });
    assert.ok(typeof base === 'number');
    for (let page = base; page < base + pages; page += 64) access(kernel, mm, page, true);
    return { process, pid: process.pid, base, address: `0x${(base * 4096).toString(16)}` };
  });
  return { kernel, host, victims };
}

/** The host, but that some paths are answered by an errno. */
function refusing(host: Host, errnoOf: (path: string) => ErrnoName | undefined): Host {
  const files = new Proxy(host.files, {
    get: (target, name) => {
      const member = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (path: string, ...rest: unknown[]) => {
        const errno = errnoOf(path);
        return errno === undefined
          ? member.call(target, path, ...rest)
          : { ok: false, error: { errno, call: `${String(name)} ${path}` } };
      };
    },
  });
  return { ...host, files } as Host;
}

async function octavo(host: Host, ...words: readonly string[]) {
  const terminal = terminalOn(host);
  const code = await terminal.run(words);
  return { code, out: terminal.out(), err: terminal.err() };
}

describe('inspect', () => {
  test('of more than three processes shows a line each, the largest first; of up to three all of each', async () => {
    const { host, victims } = world(4);
    const { out } = await octavo(host, 'inspect', 'victim', '--content', 'none');
    const pids = out.split('\n').flatMap((line) => /^ *(\d+) +victim/.exec(line)?.[1] ?? []);
    assert.deepEqual(pids.map(Number), victims.map(({ pid }) => pid).reverse());
    assert.match(out, /held: by huge pages, but mapped by no process/);
    const three = await octavo(world(3).host, 'inspect', 'victim', '--content', 'none');
    assert.equal(three.out.match(/^Process \d+ \(victim\) in \/$/gm)?.length, 3);
  });

  test('leaves out what this user may not see, once said for all of them', async () => {
    const { host, victims } = world(5);
    const hidden = victims.slice(0, 2).map(({ pid }) => `/proc/${pid}/smaps`);
    const { code, out, err } = await octavo(refusing(host, (path) => (hidden.some((one) => path.startsWith(one)) ? 'EACCES' : undefined)), 'inspect', 'victim', '--content', 'none'); // biome-ignore format: one row
    assert.equal(code, 0);
    assert.equal(out.match(/victim/g)?.length, 3 * 1);
    assert.match(err, /^octavo: 2 processes left out: .*EACCES.*, and 1 more like it$/m);
    const one = await octavo(refusing(host, (path) => (path.startsWith(hidden[0]) ? 'EACCES' : undefined)), 'inspect', 'victim', '--content', 'none'); // biome-ignore format: one row
    assert.match(one.err, /^octavo: 1 process left out: /m);
    assert.doesNotMatch(one.err, /more like it/);
  });

  test('of processes that may all not be seen is refused, with the reason', async () => {
    const { host } = world(2);
    const { code, err } = await octavo(refusing(host, (path) => (/smaps/.test(path) ? 'EACCES' : undefined)), 'inspect', 'victim', '--content', 'none'); // biome-ignore format: one row
    assert.equal(code, 5);
    assert.match(err, /PERMISSION: /);
  });

  test('of processes that end while they are looked at says nothing of them, unless all have', async () => {
    const { host, victims } = world(5);
    const gone = (pids: readonly number[]) => (path: string) => (pids.some((pid) => path.startsWith(`/proc/${pid}/`) && /smaps|maps|pagemap/.test(path)) ? ('ESRCH' as const) : undefined); // biome-ignore format: one row
    const some = await octavo(
      refusing(host, gone([victims[0].pid])),
      'inspect',
      'victim',
      '--content',
      'none',
    );
    assert.deepEqual([some.code, some.err, some.out.match(/victim/g)?.length], [0, '', 4]);
    const all = await octavo(
      refusing(host, gone(victims.map(({ pid }) => pid))),
      'inspect',
      'victim',
      '--content',
      'none',
    );
    assert.equal(all.code, 4);
    assert.match(all.err, /TARGET_GONE/);
  });

  test('explains an address: the block, its mapping, and why; beyond all mappings it says so', async () => {
    const { host, victims: [{ pid, address, base }] } = world(1); // biome-ignore format: one row
    const { out } = await octavo(host, 'inspect', `${pid}`, '--explain', address);
    assert.deepEqual(out.trim().split('\n'), [
      `Block ${address} in an anonymous mapping (anon, flags rd wr mr mw me ac sd)`,
      '512 sub-pages present, mapped by PMD',
      'Mapped by one PMD entry: it is a huge page already.',
    ]);
    const document = JSON.parse(
      (await octavo(host, 'inspect', `${pid}`, '--explain', address, '--json')).out,
    );
    assert.deepEqual(
      [document.octavo, document.block, document.state.level],
      ['explanation', base / 512, 'pmd'],
    );
    const absent = await octavo(host, 'inspect', `${pid}`, '--explain', '0x1000');
    assert.deepEqual(
      [absent.code, absent.err.split('\n')[0]],
      [3, `octavo: ADDRESS_UNMAPPED: address 0x1000 lies in no mapping of process ${pid}`],
    );
    const syntax = await octavo(host, 'inspect', `${pid}`, '--explain', 'there');
    assert.match(syntax.err, /ADDRESS_SYNTAX/);
    const many = await octavo(world(2).host, 'inspect', 'victim', '--explain', '0x1000');
    assert.match(many.err, /TARGET_AMBIGUOUS/);
  });

  test('explains a block with nothing in it, whole in its mapping or not', async () => {
    const { kernel, host, victims: [{ pid, process }] } = world(1); // biome-ignore format: one row
    const base = mmap(kernel, process.mm as Mm, { pages: 1024 }) as number;
    const of = async (page: number) =>
      (await octavo(host, 'inspect', `${pid}`, '--explain', `0x${(page * 4096).toString(16)}`)).out;
    const whole = await of(Math.ceil(base / 512) * 512);
    assert.match(whole, /^nothing present, mapped by NONE$/m);
    assert.match(whole, /nothing is mapped in the block yet/);
    assert.doesNotMatch(whole, /does not cover the whole aligned block/);
    const small = mmap(kernel, process.mm as Mm, { pages: 3 }) as number;
    assert.match(await of(small), /does not cover the whole aligned block/);
  });
});

describe('run', () => {
  test('splits, tells what it did, and how to take it back; a second one finds nothing to do', async () => {
    const { host, victims: [{ pid, address }] } = world(1); // biome-ignore format: one row
    const dry = await octavo(host, 'run', `${pid}`, '--policy', 'return-empty', '--dry-run');
    assert.match(
      dry.out,
      new RegExp(`^process_madvise\\(pidfd of ${pid}, \\[${address}, \\+2097152\\), MADV_COLD\\)$`, 'm'),
    );
    const done = await octavo(host, 'run', `${pid}`, '--policy', 'return-empty');
    assert.match(
      done.out,
      /^Verdicts by page sizes: 1 met; resident memory −1\.97 MiB, returned to the system 1\.97 MiB$/m,
    );
    const run = /octavo undo (\S+)/.exec(done.out)?.[1] ?? '';
    assert.match(done.out, new RegExp(`^Run ${run}: complete$`, 'm'));
    assert.match((await octavo(host, 'run', `${pid}`, '--policy', 'return-empty')).out, /^Nothing to do\.$/m);
    const nothing = JSON.parse(
      (await octavo(host, 'run', `${pid}`, '--policy', 'return-empty', '--json')).out,
    );
    assert.deepEqual([nothing.octavo, nothing.version, nothing.run, nothing.how, nothing.why, nothing.verdicts], ['run', 1, null, 'complete', 'nothing to do', []]); // biome-ignore format: one row
    const undone = await octavo(host, 'undo', run);
    assert.equal(undone.code, 0);
    assert.match((await octavo(host, 'inspect', `${pid}`, '--explain', address)).out, /mapped by PMD/);
  });

  test('again and again waits for a service by its name, once said, and not for a pid that never was', async () => {
    const { host } = world(1);
    const service = await octavo(
      host,
      'run',
      'nobody',
      '--every',
      '1s',
      '--turns',
      '3',
      '--policy',
      'return-empty',
    );
    assert.deepEqual(
      [service.code, service.out, service.err],
      [0, '', 'octavo: no process matches `nobody`; waiting for it\n'],
    );
    const lines = await octavo(host, 'run', 'nobody', '--every', '1s', '--turns', '3', '--json');
    assert.deepEqual(
      lines.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).why),
      ['no process matches `nobody`; waiting for it'],
    );
    const never = await octavo(host, 'run', '99999', '--every', '1s', '--turns', '2');
    assert.deepEqual([never.code, never.err.split(':')[1].trim()], [4, 'TARGET_NOT_FOUND']);
    const once = await octavo(host, 'run', 'nobody');
    assert.equal(once.code, 4);
  });

  test('again and again ends, well, when the pid that it looks after has ended', async () => {
    const { kernel, host, victims: [{ pid, process }] } = world(1); // biome-ignore format: one row
    const clock = { ...host.clock, monotonicNs: () => host.clock.monotonicNs(), wallMs: () => host.clock.wallMs(), sleep: async (ms: number, signal?: AbortSignal) => {
      if (ms >= 900) exit(kernel, process);
      await host.clock.sleep(ms, signal);
    } }; // biome-ignore format: one row
    const { code, err } = await octavo(
      { ...host, clock } as Host,
      'run',
      `${pid}`,
      '--every',
      '10s',
      '--turns',
      '5',
      '--policy',
      'return-empty',
    );
    assert.equal(code, 0);
    assert.match(err, /; the loop ends$/m);
  });

  test('--turns is for --every', async () => {
    const { code, err } = await octavo(world(1).host, 'run', 'victim', '--turns', '2');
    assert.deepEqual([code, err.split('\n')[0]], [2, 'octavo: USAGE: --turns is for --every']);
  });
});

describe('plan', () => {
  test('of everything passes over a process that has just ended, and is of the others', async () => {
    const { host, victims } = world(3);
    const { pid } = victims[1];
    const ended = refusing(host, (path) =>
      path.startsWith(`/proc/${pid}/`) && /smaps|maps|pagemap/.test(path) ? 'ESRCH' : undefined,
    );
    const { code, out } = await octavo(ended, 'plan', 'all', '--policy', 'return-empty', '--json');
    assert.equal(code, 0);
    const pids = new Set(
      JSON.parse(out).steps.map(
        ({ proposal }: { proposal: { process: { pid: number } } }) => proposal.process.pid,
      ),
    );
    assert.deepEqual(
      [pids.has(victims[0].pid), pids.has(pid), pids.has(victims[2].pid)],
      [true, false, true],
    );
    const alone = await octavo(ended, 'plan', `${pid}`, '--policy', 'return-empty');
    assert.equal(alone.code, 4);
  });

  test('keeps to --only and --deny also for a pid', async () => {
    const { host, victims: [{ pid }] } = world(1); // biome-ignore format: one row
    for (const [option, word, code] of [
      ['--deny', 'victim', 4],
      ['--deny', 'other', 0],
      ['--only', 'other', 4],
      ['--only', 'victim', 0],
    ] as const) {
      // biome-ignore format: a table
      const found = await octavo(host, 'plan', `${pid}`, '--policy', 'return-empty', option, word);
      assert.equal(found.code === 0, code === 0, `${option} ${word}: ${found.err}`);
    }
  });
});

describe('runs', () => {
  test('shows the last ones, how many older there are, and one in full', async () => {
    const { host, victims } = world(3);
    assert.match((await octavo(host, 'runs')).out, /^No runs in /m);
    for (const { pid } of victims) await octavo(host, 'run', `${pid}`, '--policy', 'return-empty');
    const rows = (text: string) => text.split('\n').filter((line) => /^\S+ +complete/.test(line));
    const all = await octavo(host, 'runs');
    assert.equal(rows(all.out).length, 3);
    assert.doesNotMatch(all.out, /older/);
    const last = await octavo(host, 'runs', '--last', '1');
    assert.equal(rows(last.out).length, 1);
    assert.match(last.out, /^\(2 older; --all lists them\)$/m);
    assert.equal(rows((await octavo(host, 'runs', '--last', '1', '--all')).out).length, 3);
    const name = rows(last.out)[0].split(' ')[0];
    const one = await octavo(host, 'runs', name);
    assert.match(
      one.out,
      new RegExp(`^Run ${name}: complete; plan \\S+ for ${victims[2].pid}, 3 steps$`, 'm'),
    );
    const document = JSON.parse((await octavo(host, 'runs', '--last', '2', '--json')).out);
    assert.deepEqual([document.runs.length, document.older, document.damaged], [2, 1, []]);
    const absent = await octavo(host, 'runs', 'nothing-like-it');
    assert.notEqual(absent.code, 0);
  });
});

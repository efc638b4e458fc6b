import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  kernelOfArm64,
  kernelWithEverything,
  temporaryFolder,
  writeKernel,
} from '../../../test/support/kernels.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Host } from '../host.js';
import { folderHost } from './folder-host.js';

const SPLIT_FILE = '/sys/kernel/debug/split_huge_pages';

function everything(): Host {
  return folderHost(writeKernel(kernelWithEverything()), temporaryFolder('state'));
}

describe('a tree written by hand', () => {
  test('serves its files and says ENOENT to everything else', () => {
    const { files } = everything();
    assert.deepEqual(files.readText('/proc/sys/kernel/osrelease'), { ok: true, value: '7.7.0-test\n' });
    const absent = files.readText('/proc/1/smaps');
    assert.ok(!absent.ok && absent.error.errno === 'ENOENT');
    assert.equal(absent.error.call, 'read /proc/1/smaps', 'names the path, not the place on disk');
    const listed = files.list('/sys/kernel/mm/damon/admin/kdamonds');
    assert.deepEqual(listed.ok && listed.value, ['nr_kdamonds']);
    const status = files.status('/sys/kernel/mm');
    assert.equal(status.ok && status.value.kind, 'directory');
  });

  test('geometry and identity are those of the recorded host', () => {
    const { identity } = folderHost(writeKernel(kernelOfArm64()), '/state');
    assert.equal(identity.kind, 'folder');
    assert.equal(identity.geometry.pageBytes, 65536);
    assert.equal(identity.stateDirectory, '/state');
  });

  test('a path cannot climb out of the tree', () => {
    const folder = writeKernel(kernelWithEverything());
    writeFileSync(join(folder, 'secret'), 'outside');
    const { files } = folderHost(folder, '/state');
    const read = files.readText('/proc/../../secret');
    assert.ok(!read.ok || read.value !== 'outside');
    const deeper = files.readText('/proc/x/../../../secret');
    assert.ok(!deeper.ok || deeper.value !== 'outside');
  });
});

describe('acting on a recorded host', () => {
  test('is refused with a value: advices, kernel files, programs', async () => {
    const { files, calls } = everything();
    const opened = calls.openProcess(4711);
    assert.ok(opened.ok && opened.value.isAlive());
    const advised = await calls.processMadvise(opened.value, [{ start: 0, end: 512 }], 'MADV_COLD');
    const answers = [
      advised,
      files.writeKernelFile(SPLIT_FILE, '1,0x0,0x1000,2'),
      files.writeFile('/proc/sys/vm/drop_caches', '1'),
      files.remove('/proc/1'),
      files.makeDirectory('/sys/fs/cgroup/x'),
      files.createExclusive('/sys/x', ''),
      files.appendTo('/sys/x'),
      calls.start('perf', []),
    ];
    for (const answer of answers) assert.equal(answer.ok ? 'done' : answer.error.errno, 'EROFS');
    assert.ok(files.canWrite(SPLIT_FILE).ok, 'the recorded host could have');
  });

  test('ordinary files are those of this machine', () => {
    const { files } = everything();
    const path = join(temporaryFolder('plan'), 'plan.json');
    assert.ok(files.writeFile(path, '{}').ok);
    assert.equal(readFileSync(path, 'utf8'), '{}');
  });

  test('a process that was not there cannot be opened', () => {
    const opened = everything().calls.openProcess(5);
    assert.equal(opened.ok ? 'opened' : opened.error.errno, 'ESRCH');
  });
});

describe('time on a recorded host', () => {
  test('passes by waiting, at once', async () => {
    const { clock } = everything();
    assert.equal(clock.wallMs(), 1_700_000_000_000);
    const started = clock.monotonicNs();
    await clock.sleep(3_600_000);
    assert.equal(clock.wallMs(), 1_700_003_600_000);
    assert.ok(clock.monotonicNs() - started >= 3.6e12);
    await clock.sleep(1000, AbortSignal.abort());
    assert.equal(clock.wallMs(), 1_700_003_600_000, 'an aborted wait takes no time');
  });

  test('the same recording draws the same numbers', () => {
    const folder = writeKernel(kernelWithEverything());
    const draw = () => {
      const { random } = folderHost(folder, '/state');
      return Array.from({ length: 5 }, () => random.uint32());
    };
    assert.deepEqual(draw(), draw());
    assert.equal(new Set(draw()).size, 5);
  });
});

describe('what a recording does not hold', () => {
  const incomplete = (): Host => {
    const kernel = kernelWithEverything();
    const files = { '/proc': { list: ['1', '4711'] }, '/gone': { list: 'ENOENT' as const } };
    return folderHost(
      writeKernel({ ...kernel, manifest: { ...kernel.manifest, complete: false, files } }),
      '/state',
    );
  };

  test('is told with the recording and the question', () => {
    const { files, calls } = incomplete();
    const questions = [
      () => files.readText('/proc/1/smaps'),
      () => files.list('/sys/devices'),
      () => files.open('/proc/1/pagemap'),
      () => files.canWrite('/sys/x'),
      () => files.link('/proc/1/exe'),
      () => {
        const memory = calls.openMemory(1);
        assert.ok(memory.ok);
        memory.value.read({ start: 0, end: 1 }, new Uint8Array(4096));
      },
      () => calls.scanPagemap(1, { range: { start: 0, end: 1 }, inverted: 0, mask: 0, anyOf: 1, report: 1 }),
    ];
    for (const question of questions) {
      assert.throws(question, (error) => error instanceof OctavoError && error.code === 'RECORDING_LACKS');
    }
  });

  test('is absent when the folder above was listed without it', () => {
    const { files } = incomplete();
    for (const path of ['/proc/2/smaps', '/proc/2']) {
      const read = files.readText(path);
      assert.equal(read.ok ? 'read' : read.error.errno, 'ENOENT', path);
    }
  });

  test('is refused when it is never recorded', () => {
    const read = incomplete().files.readText('/proc/1/environ');
    assert.equal(read.ok ? 'read' : read.error.errno, 'EACCES');
  });
});

describe('a damaged recording', () => {
  const damaged = (change: (manifest: Record<string, unknown>) => unknown): string => {
    const folder = temporaryFolder('damaged');
    mkdirSync(join(folder, 'tree'));
    const changed = change(structuredClone(kernelWithEverything().manifest) as never);
    const text = typeof changed === 'string' ? changed : JSON.stringify(changed);
    writeFileSync(join(folder, 'octavo-host.json'), text);
    return folder;
  };
  const codeOf = (act: () => unknown): string => {
    try {
      act();
      return 'accepted';
    } catch (error) {
      assert.ok(error instanceof OctavoError, String(error));
      return `${error.code} at ${error.facts.place ?? error.facts.errno}`;
    }
  };

  test('is a coded error that names the place', () => {
    const cases: [string, string][] = [
      ['FILE_MALFORMED at line 1, column 11', damaged(() => '{"octavo":')],
      ['FILE_MALFORMED at version', damaged((manifest) => ({ ...manifest, version: 99 }))],
      ['FILE_MALFORMED at the top level', damaged(() => '[]')],
      ['FILE_MALFORMED at identity.pid', damaged((manifest) => withIdentity(manifest, { pid: -1 }))],
      ['FILE_MALFORMED at identity', damaged((manifest) => withIdentity(manifest, { pageBytes: 5000 }))],
      [
        'FILE_MALFORMED at advices.MADV_COLD',
        damaged((manifest) => ({ ...manifest, advices: { MADV_COLD: 'EWHAT' } })),
      ],
      ['FILE_UNREADABLE at ENOENT', temporaryFolder('empty')],
    ];
    for (const [expected, folder] of cases)
      assert.equal(
        codeOf(() => folderHost(folder, '/state')),
        expected,
      );
  });

  test('a positional file that is gone or no gzip is told when it is needed', () => {
    const positional = { '/proc/kpageflags': { blob: '0.gz', pieces: [0, 8], ends: [], refusals: [] } };
    const folder = damaged((manifest) => ({ ...manifest, positional }));
    const { files } = folderHost(folder, '/state');
    assert.equal(
      codeOf(() => files.open('/proc/kpageflags')),
      'FILE_UNREADABLE at ENOENT',
    );
    mkdirSync(join(folder, 'positional'));
    writeFileSync(join(folder, 'positional', '0.gz'), 'no gzip');
    assert.equal(
      codeOf(() => files.open('/proc/kpageflags')),
      'FILE_MALFORMED at its gzip data',
    );
  });
});

function withIdentity(manifest: Record<string, unknown>, change: Record<string, unknown>): unknown {
  return { ...manifest, identity: { ...(manifest.identity as object), ...change } };
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageSizes } from '../../test/support/drawing.js';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { success } from '../base/result.js';
import { guestMemory, guestNotes } from './guest-memory.js';

function machine(link: string, commandLine = 'qemu-system-x86_64') {
  const host = new ScriptedHost([9]);
  host.files.list = (path) => success(path === `/proc/${PID}/fd` ? ['0', '11'] : []);
  host.files.link = (path) => success(path.endsWith('/11') ? link : '/dev/null');
  const { readText } = host.files;
  host.files.readText = (path) => (path === `/proc/${PID}/cmdline` ? success(commandLine) : readText(path));
  return host;
}

const RAM = pageSizes(Array(32).fill('H'));

test('a process with a machine of kvm has guest memory: what is large and writable', () => {
  const guest = guestMemory(machine('anon_inode:kvm-vm'), RAM);
  assert.deepEqual([guest?.mappings.length, guest?.bytes], [1, 64 * 2 ** 20]);
  assert.equal(guestMemory(machine('anon_inode:kvm-vm'), pageSizes(Array(31).fill('H')))?.mappings.length, 0);
});

test('others have none: kvm alone is no machine, and what cannot be seen is not claimed', () => {
  assert.equal(guestMemory(machine('/dev/kvm'), RAM), undefined);
  assert.equal(guestMemory(machine('anon_inode:kvm-vcpu:0'), RAM), undefined);
  const closed = new ScriptedHost([9]);
  assert.equal(guestMemory(closed, RAM), undefined);
  assert.deepEqual(guestNotes(closed, RAM), []);
});

test('the notes say why freed guest memory looks used, what would change that, and who makes it huge again', () => {
  const notes = guestNotes(machine('anon_inode:kvm-vm'), RAM);
  assert.equal(notes.length, 2);
  assert.match(
    notes[0],
    /^process 100 runs a virtual machine in 64 MiB at 0x7d000000\. .*free-page-reporting=on/,
  );
  assert.match(notes[0], /init_on_free=1/);
  assert.match(notes[1], /not khugepaged’s work/);
  const reporting = 'qemu\0-device\0virtio-balloon-pci,free-page-reporting=on';
  assert.match(guestNotes(machine('anon_inode:kvm-vm', reporting), RAM)[0], /Free page reporting is on/);
});

test('guest memory is what is large, readable and writable, of any backing, the largest first', () => {
  const MIB64 = 64 * 256;
  const of = (kind: string, pages: number, permissions = 'rw-p') => ({
    ...RAM.mappings[0],
    kind,
    permissions,
    start: 0,
    end: pages,
  });
  const mappings = [
    of('anon', MIB64),
    of('shmem', 3 * MIB64),
    of('hugetlb', 2 * MIB64),
    of('file', MIB64 + 1),
    of('special', 9 * MIB64),
    of('anon', 9 * MIB64, 'r--p'),
    of('anon', MIB64 - 1),
  ] as unknown as typeof RAM.mappings;
  const guest = guestMemory(machine('anon_inode:kvm-vm'), { ...RAM, mappings });
  assert.deepEqual(
    guest?.mappings.map(({ kind, end }) => [kind, end]),
    [
      ['shmem', 3 * MIB64],
      ['hugetlb', 2 * MIB64],
      ['file', MIB64 + 1],
      ['anon', MIB64],
    ],
  );
  assert.equal(guest?.bytes, (7 * MIB64 + 1) * 4096);
  const [note] = guestNotes(machine('anon_inode:kvm-vm'), { ...RAM, mappings });
  assert.match(note, /in 448 MiB at 0x0, 0x0\. /);
  const small = guestNotes(machine('anon_inode:kvm-vm'), { ...RAM, mappings: [] });
  assert.match(small[0], /^process 100 runs a virtual machine\. /);
});

test('free page reporting is what the command line turns on, where it can be read', () => {
  const reports = (commandLine: string) =>
    guestMemory(machine('anon_inode:kvm-vm', commandLine), RAM)?.reportsFreePages;
  assert.deepEqual(
    [
      'x,free-page-reporting=on',
      'x,free-page-reporting=true',
      '--balloon size=0,free_page_reporting=on',
      'x',
    ].map(reports),
    [true, true, true, false],
  );
  assert.equal(reports('x,free-page-reporting=off'), false);
  const host = machine('anon_inode:kvm-vm');
  host.files.readText = (path) => ({ ok: false, error: { errno: 'EACCES', call: path } });
  assert.equal(guestMemory(host, RAM)?.reportsFreePages, false);
});

// Makes test/fixtures/demo anew: a live demonstration of 64 MiB, run from a neutral place in a mount namespace of its
// own, so that neither this checkout's path nor this machine's mounts get into the recording. DAMON and the kernel's type
// information are hidden from it: the demonstration does without them, and they would be most of its size. Needs root.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root, run } from './prepare.mjs';

const PLACE = '/opt/octavo';
const TAKEN = ['dist', 'node_modules', 'package.json', 'scenarios'];

prepare();
const directory = mkdtempSync(join(tmpdir(), 'octavo-recording-'));
const recording = join(directory, 'demo');
// What every machine mounts may stay; the copy lies on a tmpfs that goes away with the namespace.
const script = `
  set -e
  mkdir -p /opt
  awk '{print $5}' /proc/self/mountinfo | grep -vE '^(/|/proc|/sys|/dev|/run|/tmp|/opt)(/.*)?$' | tac | while read -r at; do umount -l "$at"; done
  mount -t tmpfs none /opt
  for hidden in /sys/kernel/btf /sys/kernel/mm/damon; do if [ -d $hidden ]; then mount -t tmpfs none $hidden; fi; done
  mkdir ${PLACE}
  cp -r ${TAKEN.map((name) => `'${join(root, name)}'`).join(' ')} ${PLACE}
  cd ${PLACE}
  '${process.execPath}' dist/src/demo/demo.js none --mib 64 --record '${recording}'
`;
try {
  run('unshare', ['--mount', 'sh', '-c', script], 'recording');
  const target = join(root, 'test/fixtures/demo');
  if (existsSync(target)) rmSync(target, { recursive: true });
  run('cp', ['-r', recording, target], 'keeping the recording');
} finally {
  rmSync(directory, { recursive: true, force: true });
}

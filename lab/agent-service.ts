/**
 * The agent's unit under a real systemd: boots one of the lab's kernels with systemd of this machine's packages as process 1,
 * lets the agent act on a service, reads what both of its processes may, reloads and stops it. `npm run lab -- --agent`.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { LabUnavailable } from './apt.js';
import { type ArchiveEntry, cpioArchive, deviceEntry, directoryEntry, ENTRY_MODE } from './cpio.js';
import { findBusybox } from './image.js';
import { QEMU } from './qemu.js';

/** What the guest tells: one line each, `LAB name value`. */
export type ServiceFacts = ReadonlyMap<string, string>;

const SYSTEMD = '/lib/systemd/systemd';
const PROGRAMS = [SYSTEMD, '/bin/systemctl'];
const UNITS = '/lib/systemd/system';
const APPLETS = [
  'seq',
  'tr',
  'sh',
  'cat',
  'sleep',
  'kill',
  'readlink',
  'mount',
  'poweroff',
  'grep',
  'cut',
  'date',
  'mkdir',
  'ls',
  'sed',
  'head',
];
const MOUNTS = ['proc', 'sys', 'dev', 'tmp', 'run', 'root', 'var/lib', 'etc/octavo', 'home'];

/** Boots once. Throws LabUnavailable where this machine lacks a part. */
export async function runAgentService(
  kernel: string,
  root: string,
  timeoutMs: number,
): Promise<ServiceFacts> {
  for (const path of PROGRAMS)
    if (!existsSync(path)) throw new LabUnavailable(`${path} is missing: apt-get install systemd`);
  const folder = mkdtempSync(join(tmpdir(), 'octavo-agent-lab-'));
  try {
    const archive = join(folder, 'root.cpio');
    writeFileSync(
      archive,
      cpioArchive(unique([...systemEntries(), ...octavoEntries(root), ...ownEntries(root)])),
    );
    return await boot(kernel, archive, timeoutMs);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The archive has each path once: libraries are shared. */
function unique(entries: readonly ArchiveEntry[]): ArchiveEntry[] {
  return [...new Map(entries.map((entry) => [entry.path, entry])).values()];
}

const program = (path: string, content: Uint8Array): ArchiveEntry => ({
  path,
  mode: ENTRY_MODE.program,
  content,
});
const text = (path: string, content: string): ArchiveEntry => ({
  path,
  mode: ENTRY_MODE.file,
  content: Buffer.from(content),
});

/** systemd, its tool and Node with their libraries, and the targets of the package. */
function systemEntries(): ArchiveEntry[] {
  const busybox = findBusybox();
  if (!busybox) throw new LabUnavailable('no static busybox: apt-get install busybox-static');
  const shell = readFileSync(busybox);
  const binaries = [...PROGRAMS, process.execPath];
  const libraries = new Set(binaries.flatMap(librariesOf));
  const targets = readdirSync(UNITS).filter(
    (name) => /\.(target|slice)$/.test(name) && !lstatSync(join(UNITS, name)).isSymbolicLink(),
  );
  return [
    ...MOUNTS.map(directoryEntry),
    deviceEntry('dev/console', 5, 1),
    ...APPLETS.map((name) => program(`bin/${name}`, shell)),
    program('lib/systemd/systemd', readFileSync(SYSTEMD)),
    program('bin/systemctl', readFileSync('/bin/systemctl')),
    program('usr/bin/node', readFileSync(process.execPath)),
    ...[...libraries].map((path) => program(path.slice(1), readFileSync(realpathSync(path)))),
    ...targets.map((name) => text(`lib/systemd/system/${name}`, readFileSync(join(UNITS, name), 'utf8'))),
  ];
}

function librariesOf(path: string): string[] {
  const { stdout } = spawnSync('ldd', [path], { encoding: 'utf8' });
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map((found) => found[1]);
}

/** What `npm pack` ships, with koffi. */
function octavoEntries(root: string): ArchiveEntry[] {
  const under = (folder: string, wanted: RegExp) =>
    filesIn(join(root, folder))
      .filter((path) => wanted.test(path))
      .map((path) =>
        program(`usr/lib/octavo/${folder}/${relative(join(root, folder), path)}`, readFileSync(path)),
      );
  return [
    text('usr/lib/octavo/package.json', readFileSync(join(root, 'package.json'), 'utf8')),
    ...under('bundle', /./),
    ...under('node_modules/koffi', /\.(js|cjs|json)$|linux_x64.*\.node$/),
    ...(existsSync(join(root, 'node_modules/@koromix')) ? under('node_modules/@koromix', /linux-x64/) : []),
    program('usr/bin/octavo', Buffer.from('#!/bin/sh\nexec /usr/lib/octavo/bundle/octavo.sh "$@"\n')),
  ];
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : entry.isFile() ? [path] : [];
  });
}

function ownEntries(root: string): ArchiveEntry[] {
  const unit = spawnSync(process.execPath, [join(root, 'bundle/octavo.js'), 'config', 'unit'], {
    encoding: 'utf8',
  });
  if (unit.status !== 0) throw new Error(`octavo config unit: ${unit.stderr}`);
  return [
    text('etc/passwd', 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n'),
    text('etc/group', 'root:x:0:\nnogroup:x:65534:\n'),
    text('etc/machine-id', '0123456789abcdef0123456789abcdef\n'),
    text('etc/os-release', 'ID=lab\nNAME=lab\n'),
    text('etc/octavo/agent.yaml', CONFIGURATION),
    text('etc/systemd/system/octavo.service', unit.stdout),
    text(
      'etc/systemd/system/octavo.service.d/lab.conf',
      '[Service]\nEnvironment=PATH=/usr/bin:/bin\nTimeoutStartSec=10min\n',
    ),
    text('etc/systemd/system/store.service', STORE),
    text('etc/systemd/system/lab.service', LAB),
    text(
      'etc/systemd/system/default.target',
      '[Unit]\nRequires=basic.target\nWants=lab.service\nAfter=basic.target\n',
    ),
    text('usr/lib/octavo/store.js', STORE_PROGRAM),
    program('usr/lib/octavo/lab.sh', Buffer.from(SCRIPT)),
  ];
}

const CONFIGURATION = `octavo: agent
version: 1
targets:
  - { name: store, match: { unit: store.service }, act: true, policy: return-empty, every: 5s, guards: { cpuPressure: 0, ownCpu: 0, success: 0 } }
sampling: { cpu: 50% }
metrics: { listen: 'unix:/run/octavo/agent/metrics.sock' }
`;

const STORE = `[Service]
ExecStart=/usr/bin/node /usr/lib/octavo/store.js
`;

/** 128 MiB of huge pages with data in one page of each, kept in use. */
const STORE_PROGRAM = `const memory = Buffer.allocUnsafeSlow(128 << 20);
const touch = () => { for (let at = 0; at < memory.length; at += 2 << 20) memory[at] = 1; };
touch();
setInterval(touch, 200);
`;

const LAB = `[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
ExecStart=/usr/lib/octavo/lab.sh
`;

/** Waits for acts, reads what the processes may, reloads, stops, and turns the machine off. */
const SCRIPT = `#!/bin/sh
export PATH=/usr/bin:/bin
say() { echo "LAB $*"; }
mount -t debugfs debugfs /sys/kernel/debug
say booted "$(systemctl --version | head -1)"
systemctl start store
if systemctl start octavo; then say started yes; else say started no; systemctl status octavo; fi
say result "$(systemctl show -p ExecMainCode -p ExecMainStatus -p Result octavo | tr '\\n' ' ')"
say active "$(systemctl is-active octavo)"
main=$(systemctl show -p MainPID octavo | cut -d= -f2)
for try in $(seq 120 2>/dev/null || echo 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30); do
  grep -q '"met":[1-9]' /run/octavo/agent/status.json && break
  sleep 2
done
say met "$(grep -o '"totals":{[^}]*}' /run/octavo/agent/status.json)"
say status "$(systemctl show -p StatusText octavo)"
for pid in $(cat /sys/fs/cgroup/system.slice/octavo.service/cgroup.procs); do
  role=deciding; [ "$pid" = "$main" ] && role=acting
  say "$role" "$(grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/$pid/status | sed 's/[[:space:]]\\+/ /g' | tr '\\n' ' ')"
done
say huge-store "$(grep -h AnonHugePages /proc/$(systemctl show -p MainPID store | cut -d= -f2)/smaps_rollup)"
say memory "$(cat /sys/fs/cgroup/system.slice/octavo.service/memory.current)"
echo 'targets: [' > /etc/octavo/agent.yaml
systemctl reload octavo
for try in $(seq 60); do grep -q '"problem":"[^"]' /run/octavo/agent/status.json && break; sleep 1; done
say reload "$(grep -o '"problem":"[^"]*' /run/octavo/agent/status.json | head -1)"
say still-active "$(systemctl is-active octavo)"
before=$(cut -d' ' -f1 /proc/uptime); systemctl stop octavo; after=$(cut -d' ' -f1 /proc/uptime)
say stop-seconds "$before $after"
say stopped "$(systemctl show -p Result octavo) $(systemctl is-active octavo)"
say left "$(ls /run/octavo 2>&1) $(ls /var/lib/octavo | tr '\\n' ' ')"
say end yes
poweroff -f
`;

function boot(kernel: string, archive: string, timeoutMs: number): Promise<ServiceFacts> {
  const line =
    'console=ttyS0 rdinit=/lib/systemd/systemd transparent_hugepage=always systemd.log_target=console systemd.show_status=0 panic=-1 quiet';
  const words = ['-m', '2048', '-smp', '2', '-kernel', kernel, '-initrd', archive, '-append', line];
  const child = spawn(
    'nice',
    ['-n', '10', QEMU, '-accel', 'tcg', ...words, '-nographic', '-no-reboot', '-net', 'none'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let console = '';
  child.stdout.on('data', (bytes) => {
    console += bytes;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      clearTimeout(timer);
      const facts = new Map(
        [...console.matchAll(/LAB (\S+) (.*?)\r?\n/g)].map(([, name, value]) => [name, value]),
      );
      if (facts.has('end')) resolve(facts);
      else reject(new Error(`the guest did not come to its end:\n${console.slice(-6000)}`));
    });
  });
}

/** What has to be so: each with the fact that tells, and what it must look like. */
const MUST: readonly (readonly [name: string, pattern: RegExp, what: string])[] = [
  ['started', /^yes$/, 'the unit starts and says READY'],
  ['active', /^active$/, 'it is active'],
  ['met', /"met":[1-9]/, 'it acts'],
  [
    'deciding',
    /Uid: 65534 .*CapEff: 0000000000000000 .*NoNewPrivs: 1/,
    'the deciding process has no capability',
  ],
  ['acting', /NoNewPrivs: 1/, 'the acting process cannot get more'],
  ['reload', /agent\.yaml/, 'a wrong configuration is told after a reload'],
  ['still-active', /^active$/, 'and changes nothing'],
  ['stopped', /^Result=success inactive$/, 'it stops as asked'],
];

/** What is not as it must be. */
export function serviceProblems(facts: ServiceFacts): readonly string[] {
  return MUST.flatMap(([name, pattern, what]) => {
    const found = facts.get(name);
    return found !== undefined && pattern.test(found)
      ? []
      : [`not so: ${what} (${name}: ${found ?? 'not told'})`];
  });
}

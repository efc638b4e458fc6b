/** Which event is chosen on the machines that people have, described by the files of their kernels. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Host } from '../host/host.js';
import {
  eventsElsewhere,
  maySeeKernel,
  recordCommand,
  recordingObstacle,
  type SamplingEvent,
  samplingEvent,
  scopeOf,
} from './sampling-event.js';

const PROCESSES = { kind: 'processes', pids: [7] } as const;
const PMUS = '/sys/bus/event_source/devices';

interface Machine {
  /** Paths below the PMU folder. */
  readonly pmus: readonly string[];
  readonly isRoot?: boolean;
  readonly paranoid?: number;
  /** CapEff of an ordinary user. */
  readonly capabilities?: string;
  /** Further files. */
  readonly texts?: Readonly<Record<string, string>>;
}

function machine({
  pmus,
  isRoot = false,
  paranoid = 2,
  capabilities = '0',
  texts: more = {},
}: Machine): Host {
  const paths = pmus.map((path) => `${PMUS}/${path}`);
  const texts: Record<string, string> = {
    '/proc/sys/kernel/perf_event_paranoid': `${paranoid}\n`,
    '/proc/self/status': `Name:\tnode\nCapEff:\t${capabilities.padStart(16, '0')}\n`,
  };
  Object.assign(texts, more);
  const files = {
    list: (path: string) => ({
      ok: true,
      value: [
        ...new Set(
          paths
            .filter((one) => one.startsWith(`${path}/`))
            .map((one) => one.slice(path.length + 1).split('/')[0]),
        ),
      ],
    }),
    status: (path: string) => ({
      ok: path in texts || paths.some((one) => one === path || one.startsWith(`${path}/`)),
    }),
    readText: (path: string) => (path in texts ? { ok: true, value: texts[path] } : { ok: false }),
  };
  return { files, identity: { isPrivileged: isRoot } } as unknown as Host;
}

/** The command for process 7, five seconds, as a shell line. */
function command(described: Machine, physical = false): string {
  const event = samplingEvent(machine(described), { physical });
  assert.ok(typeof event !== 'string', String(event));
  return recordCommand(event, { kind: 'processes', pids: [7] }, event.period, 5).join(' ');
}

const ALTRA = ['arm_spe_0/format/ts_enable', 'arm_spe_0/caps/min_interval', 'armv8_pmuv3_0/events/l1d_cache'];
const BIG_LITTLE = [...ALTRA, 'arm_spe_1/format/ts_enable'];
const ZEN_3 = ['cpu/events/cpu-cycles', 'ibs_op/format/cnt_ctl', 'ibs_fetch/format/rand_en'];
const ZEN_5 = [...ZEN_3, 'ibs_op/format/swfilt', 'ibs_op/format/ldlat'];
const ICE_LAKE = ['cpu/events/mem-loads', 'cpu/events/mem-stores'];
const SAPPHIRE_RAPIDS = [...ICE_LAKE, 'cpu/events/mem-loads-aux'];
const ALDER_LAKE = [
  'cpu_core/events/mem-loads',
  'cpu_core/events/mem-loads-aux',
  'cpu_core/events/mem-stores',
  'cpu_atom/events/mem-loads',
  'cpu_atom/events/mem-stores',
];

test('Arm SPE: loads and stores with times, a large AUX area, no latency threshold', () => {
  assert.equal(
    command({ pmus: ALTRA, isRoot: true }),
    'perf record -q -o - -N -B -e arm_spe_0/ts_enable=1,pa_enable=0,load_filter=1,store_filter=1,jitter=1,min_latency=0/ -c 4096 -d -m ,16M -p 7 -- sleep 5',
  );
  assert.match(command({ pmus: ALTRA, isRoot: true }, true), /pa_enable=1/);
});

test('Arm SPE on two kinds of cores is two events', () => {
  assert.match(command({ pmus: BIG_LITTLE, isRoot: true }), /-e arm_spe_0\/\S+\/ -e arm_spe_1\/\S+\/ -c/);
});

test('Arm SPE of an ordinary user is of user space, within what may be locked', () => {
  const words = command({ pmus: ALTRA });
  assert.match(words, /min_latency=0\/u -c 4096 -d -p 7/);
});

test('AMD IBS: dispatched operations with the registers, which kernels before 6.2 need', () => {
  assert.equal(
    command({ pmus: ZEN_3, isRoot: true }, true),
    'perf record -q -o - -N -B -e ibs_op/cnt_ctl=1/ -c 100003 -d -W --raw-samples --phys-data -p 7 -- sleep 5',
  );
});

test('AMD IBS of an ordinary user needs a driver that can leave out the kernel', () => {
  assert.match(command({ pmus: ZEN_5 }), /-e ibs_op\/cnt_ctl=1,swfilt=1\/u /);
  assert.match(String(samplingEvent(machine({ pmus: ZEN_3 }), { physical: false })), /CAP_PERFMON/);
  assert.match(command({ pmus: ZEN_3, paranoid: 1 }), /-e ibs_op\/cnt_ctl=1\/ /);
});

const LOADS = 'event=0xd0,umask=0x81,name=mem_inst_retired.all_loads';
const STORES = 'event=0xd0,umask=0x82,name=mem_inst_retired.all_stores';

test('Intel PEBS: all retired loads and stores by one period, which are together all accesses', () => {
  assert.equal(
    command({ pmus: ICE_LAKE, isRoot: true }, true),
    `perf record -q -o - -N -B -e cpu/${LOADS}/P -e cpu/${STORES}/P -c 10007 -d -W --phys-data --data-page-size -p 7 -- sleep 5`,
  );
  assert.ok(command({ pmus: ICE_LAKE }).includes(`-e cpu/${LOADS}/Pu -e cpu/${STORES}/Pu `));
  assert.ok(command({ pmus: SAPPHIRE_RAPIDS }).includes(`-e cpu/${LOADS}/Pu -e cpu/${STORES}/Pu `));
});

test('Intel PEBS before Haswell has addresses of load latency and sampled stores only', () => {
  const old = { pmus: ICE_LAKE, isRoot: true, texts: { [`${PMUS}/cpu/caps/pmu_name`]: 'ivybridge\n' } };
  assert.match(command(old), /-e cpu\/mem-loads,ldlat=3\/P -e cpu\/mem-stores\/P /);
});

test('Intel PEBS of a hybrid CPU samples both kinds of cores', () => {
  const words = command({ pmus: ALDER_LAKE, isRoot: true });
  assert.ok(words.includes(`-e cpu_core/${LOADS}/P -e cpu_core/${STORES}/P -e cpu_atom/${LOADS}/P `));
});

test('a virtual machine has none of them, and page faults come only when asked for', () => {
  const bare = machine({ pmus: ['software/type', 'cpu/events/cpu-cycles'], isRoot: true });
  assert.match(
    String(samplingEvent(bare, { physical: false })),
    /no PMU of this machine samples data addresses/,
  );
  const asked = samplingEvent(bare, { method: 'faults', physical: false }) as SamplingEvent;
  assert.deepEqual([asked.method, asked.events, asked.period], ['faults', ['page-faults'], 1]);
  assert.match(String(samplingEvent(bare, { method: 'ibs', physical: false })), /offers no AMD IBS/);
});

test('who may record what: root, CAP_PERFMON, and everybody by kernel.perf_event_paranoid', () => {
  const of = (described: Omit<Machine, 'pmus'>) => {
    const host = machine({ pmus: [], ...described });
    return [recordingObstacle(host, PROCESSES) === '', maySeeKernel(host)];
  };
  assert.deepEqual(of({ isRoot: true, paranoid: 4 }), [true, true]);
  assert.deepEqual(of({ paranoid: 3 }), [false, false]);
  assert.deepEqual(of({ paranoid: 2 }), [true, false]);
  assert.deepEqual(of({ paranoid: 1 }), [true, true]);
  // CAP_PERFMON is bit 38, CAP_SYS_ADMIN bit 21.
  assert.deepEqual(of({ paranoid: 4, capabilities: '4000000000' }), [true, true]);
  assert.deepEqual(of({ paranoid: 4, capabilities: '200000' }), [true, true]);
});

test('a whole system is asked for by -a, a cgroup by --cgroup behind each event, and needs paranoid at 0', () => {
  const faults = samplingEvent(machine({ pmus: [], isRoot: true }), { method: 'faults', physical: false });
  assert.ok(typeof faults !== 'string');
  const tail = (target: string, isPart = false) =>
    recordCommand(faults, scopeOf(target, [7, 8], isPart), 1, 5)
      .slice(11)
      .join(' ');
  assert.equal(tail('all'), '-d -a -- sleep 5');
  assert.equal(tail('cgroup:/a/b/'), '-d -a --cgroup a/b -- sleep 5');
  assert.equal(tail('cgroup:/'), '-d -a -- sleep 5');
  assert.equal(tail('all', true), '-d -p 7,8 -- sleep 5');
  assert.equal(tail('redis'), '-d -p 7,8 -- sleep 5');
  const two = { ...faults, events: ['a', 'b'] };
  assert.match(recordCommand(two, scopeOf('cgroup:/x', [], false), 1, 5).join(' '), /--cgroup x,x --/);
  const system = { kind: 'system' } as const;
  assert.match(recordingObstacle(machine({ pmus: [], paranoid: 1 }), system), /paranoid is 1/);
  assert.equal(recordingObstacle(machine({ pmus: [], paranoid: 0 }), system), '');
  assert.equal(recordingObstacle(machine({ pmus: [], paranoid: 4, isRoot: true }), system), '');
});

test('every kind of machine has its command, wherever it is asked for', () => {
  const all = eventsElsewhere(machine({ pmus: [] }), { physical: false });
  assert.deepEqual([...new Set(all.map(({ event }) => event.method))], ['spe', 'ibs', 'pebs', 'faults']);
  const spe = eventsElsewhere(machine({ pmus: [] }), { method: 'spe', physical: true });
  assert.equal(spe.length, 1);
  assert.match(spe[0].event.events[0], /^arm_spe_0\/ts_enable=1,pa_enable=1/);
});

test('on every kind of machine all is -a, and a cgroup is named for each event, with physical addresses and without', () => {
  for (const physical of [false, true]) {
    const all = eventsElsewhere(machine({ pmus: [], isRoot: true }), { physical });
    assert.ok(all.length >= 5);
    for (const { machine: name, event } of all) {
      const words = (target: string) => recordCommand(event, scopeOf(target, [7, 8], false), 1000, 5);
      const system = words('all');
      assert.deepEqual(
        [system.includes('-a'), system.includes('-p'), system.includes('--cgroup')],
        [true, false, false],
        name,
      );
      const group = words('cgroup:/db.slice/shard');
      const at = group.indexOf('--cgroup');
      assert.ok(group.includes('-a') && !group.includes('-p'), name);
      const events = group.filter((word) => word === '-e').length;
      assert.equal(events, event.events.length, name);
      assert.deepEqual(group[at + 1].split(','), Array(events).fill('db.slice/shard'), name);
      assert.ok(at > group.lastIndexOf('-e'), `${name}: cgroups are of the events before them`);
      assert.deepEqual(group.slice(-3), ['--', 'sleep', '5'], name);
    }
  }
});

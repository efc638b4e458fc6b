/** Rights of this user and facts of the machine. */
import { kilobytes, parseKeyed } from '../../formats/proc/process-files.js';
import { chosenWord, freeBlocks } from '../../formats/proc/system-files.js';
import type { MemoryFeatures, Probed, SystemFeatures } from '../../vocabulary/abilities.js';
import { capabilityNames } from '../../vocabulary/capabilities.js';
import type { Files, Identity } from '../host.js';
import { exists, no, partly, switchOf, textOf, told, unknown, yes } from './probed.js';

const LOCKDOWN = '/sys/kernel/security/lockdown';
const PRESSURE = '/proc/pressure/memory';
const ZSWAP = '/sys/module/zswap/parameters/enabled';

/** A line of /proc/self/mounts. */
export interface Mount {
  readonly point: string;
  readonly type: string;
}

/** Returns all mounts in the namespace of this process. */
export function mountsOf(files: Files): readonly Mount[] {
  return (textOf(files, '/proc/self/mounts') ?? '').split('\n').map((line) => {
    const [, point = '', type = ''] = line.split(' ');
    return { point, type };
  });
}

/** Returns kernel, user, capabilities, memory and cgroups. */
export function probeSystem(files: Files, identity: Identity, mounts: readonly Mount[]): SystemFeatures {
  const memory = memoryOf(files, identity);
  const cgroupRoot = mounts.find((mount) => mount.type === 'cgroup2')?.point ?? null;
  return {
    kernelRelease: textOf(files, '/proc/sys/kernel/osrelease') ?? 'unknown',
    ...lockdown(files),
    capabilities: heldCapabilities(files) ?? [],
    initialUserNamespace: isFirstUserNamespace(files),
    cgroup: cgroup(files, cgroupRoot),
    cgroupRoot,
    pressure: pressure(files),
    swap: swap(memory),
    zswap: zswap(memory),
    memory,
  };
}

/** Effective capabilities of this process, null when /proc/self/status does not tell. */
export function heldCapabilities(files: Files): readonly string[] | null {
  const mask = parseKeyed(textOf(files, '/proc/self/status') ?? '').get('CapEff');
  return mask === undefined ? null : capabilityNames(mask);
}

/** Whether capabilities count for processes of other users: they do in the first user namespace only. */
export function isFirstUserNamespace(files: Files): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(textOf(files, '/proc/self/uid_map') ?? '');
}

function lockdown(files: Files): Pick<SystemFeatures, 'lockdown' | 'lockdownProbe'> {
  const text = textOf(files, LOCKDOWN);
  const word = text === null ? null : chosenWord(text);
  if (word === 'none' || word === 'integrity' || word === 'confidentiality') {
    const lifted = 'a boot without lockdown (Secure Boot turns it on)';
    return { lockdown: word, lockdownProbe: word === 'none' ? yes('lockdown is none') : no(word, lifted) };
  }
  const needs = 'securityfs mounted on /sys/kernel/security';
  return {
    lockdown: null,
    lockdownProbe: unknown(`${LOCKDOWN} is absent: no lockdown module, or securityfs is not mounted`, needs),
  };
}

function cgroup(files: Files, root: string | null): Probed {
  if (root === null) return no('no cgroup2 file system is mounted', 'the unified cgroup hierarchy');
  const controllers = textOf(files, `${root}/cgroup.controllers`) ?? '';
  return controllers.split(' ').includes('memory')
    ? yes(`${root} with controllers ${controllers}`)
    : partly(`${root} has no memory controller`, 'a pure unified hierarchy, for memory.stat of a cgroup');
}

function pressure(files: Files): Probed {
  const read = files.readText(PRESSURE);
  if (read.ok) return yes(read.value.split('\n')[0]);
  return no(told(read.error), 'a kernel with CONFIG_PSI, started without psi=0');
}

function memoryOf(files: Files, { geometry, architecture }: Identity): MemoryFeatures {
  const meminfo = parseKeyed(textOf(files, '/proc/meminfo') ?? '');
  const bytes = (name: string) => kilobytes(meminfo.get(name)) ?? null;
  const buddyinfo = textOf(files, '/proc/buddyinfo');
  return {
    totalBytes: bytes('MemTotal'),
    freeBytes: bytes('MemFree'),
    availableBytes: bytes('MemAvailable'),
    swapBytes: bytes('SwapTotal'),
    zswap: exists(files, ZSWAP) ? switchOf(files, ZSWAP) : null,
    freeHugeBlocks: buddyinfo === null ? null : freeBlocks(buddyinfo, geometry.hugeOrder, architecture),
  };
}

function swap({ swapBytes }: MemoryFeatures): Probed {
  if (swapBytes === null) return unknown('/proc/meminfo has no SwapTotal', 'a readable /proc/meminfo');
  return swapBytes > 0
    ? yes(`${Math.round(swapBytes / 2 ** 20)} MiB`)
    : no('none', 'swap space, for cold pages to leave memory after a split');
}

function zswap({ zswap: on }: MemoryFeatures): Probed {
  if (on === null) return no(`${ZSWAP} is absent`, 'a kernel with CONFIG_ZSWAP');
  return on ? yes('enabled') : no('there, but disabled', `Y in ${ZSWAP}`);
}

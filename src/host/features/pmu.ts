/** Hardware that samples data addresses, and who may use it. */
import type { PmuFeatures, Probed } from '../../vocabulary/abilities.js';
import type { Files } from '../host.js';
import { exists, namesIn, no, numberOf, partly, textOf, yes } from './probed.js';

const DEVICES = '/sys/bus/event_source/devices';

/** Returns the devices that sample data addresses, by name and type, and whether this user may open them. */
export function probePmu(files: Files, capabilities: readonly string[]): PmuFeatures {
  const devices = [...namesIn(files, DEVICES)].sort();
  const cpuinfo = textOf(files, '/proc/cpuinfo') ?? '';
  const virtualMachine = /^flags\s*:.*\bhypervisor\b/m.test(cpuinfo) || exists(files, '/sys/hypervisor/type');
  const paranoid = numberOf(files, '/proc/sys/kernel/perf_event_paranoid');
  const where = virtualMachine ? ' (this is a virtual machine)' : '';
  return {
    devices,
    armSpe: armSpe(devices, where),
    amdIbs: amdIbs(devices, where),
    intelPebs: intelPebs(files, devices, cpuinfo, where),
    paranoid,
    otherProcesses: permission(paranoid, capabilities, 2, 'processes of this user, user space only'),
    physicalAddresses: permission(paranoid, capabilities, 1, ''),
    virtualMachine,
  };
}

function armSpe(devices: readonly string[], where: string): Probed {
  const found = devices.filter((name) => name.startsWith('arm_spe_'));
  return found.length > 0
    ? yes(found.join(', '))
    : no(
        `no arm_spe_* in ${DEVICES}${where}`,
        'an Arm CPU with SPE, the arm_spe_pmu module, kernel page-table isolation off (kpti=off), no guest',
      );
}

function amdIbs(devices: readonly string[], where: string): Probed {
  return devices.includes('ibs_op')
    ? yes('ibs_op')
    : no(`no ibs_op in ${DEVICES}${where}`, 'an AMD CPU of family 10h or later, not hidden by a hypervisor');
}

/** PEBS gives addresses through the load-latency event; `caps/max_precise` counts the precise levels. */
function intelPebs(files: Files, devices: readonly string[], cpuinfo: string, where: string): Probed {
  const needs = 'an Intel CPU with PEBS, passed through by the hypervisor if there is one';
  const cores = devices.filter((name) => name === 'cpu' || name === 'cpu_core' || name === 'cpu_atom');
  const precise = cores.filter((name) => (numberOf(files, `${DEVICES}/${name}/caps/max_precise`) ?? 0) > 0);
  const loads = precise.filter((name) => exists(files, `${DEVICES}/${name}/events/mem-loads`));
  if (loads.length > 0) return yes(`${loads.join(', ')} with the event mem-loads`);
  if (precise.length > 0) {
    return partly(`${precise.join(', ')} is precise, but has no event mem-loads`, 'a core with load latency');
  }
  if (/^flags\s*:.*\bpebs\b/m.test(cpuinfo)) {
    return partly(`the CPU has it, the kernel does not offer it${where}`, needs);
  }
  return no(`no precise core in ${DEVICES}${where}`, needs);
}

/** kernel/events/core.c perf_allow_kernel(): above 1 the kernel's side, and physical addresses, need CAP_PERFMON. */
function permission(
  paranoid: number | null,
  capabilities: readonly string[],
  highest: number,
  limited: string,
): Probed {
  if (paranoid === null)
    return no('kernel.perf_event_paranoid is absent', 'a kernel with CONFIG_PERF_EVENTS');
  const setting = `kernel.perf_event_paranoid is ${paranoid}`;
  const holder = ['CAP_PERFMON', 'CAP_SYS_ADMIN'].find((name) => capabilities.includes(name));
  if (holder) return yes(`${setting}, lifted by ${holder}`);
  const needs = `CAP_PERFMON, or kernel.perf_event_paranoid at most ${Math.min(1, highest)}`;
  if (paranoid > highest) return no(setting, needs);
  return limited ? partly(`${setting}: ${limited}`, needs) : yes(setting);
}

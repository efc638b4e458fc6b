import type { Kernel } from '../state/kernel.js';
import { VM, type Vma } from '../state/mm.js';
import type { Process } from '../state/process.js';

/** Clock ticks of /proc/PID/stat: USER_HZ is 100. */
const TICK_NS = 1e7;
const PF_KTHREAD = 0x0020_0000;
const PF_RANDOMIZE = 0x0040_0000;
const ALL_CAPABILITIES = '000001ffffffffff';

/** /proc/PID/status. */
export function processStatus(kernel: Kernel, task: Process): string {
  return [
    ...identityLines(task),
    ...(task.mm === undefined ? [] : memoryLines(kernel, task)),
    `Threads:\t${task.threads}`,
    ...signalLines(),
    ...capabilityLines(task),
    'NoNewPrivs:\t0',
    'Seccomp:\t0',
    'Seccomp_filters:\t0',
    'Speculation_Store_Bypass:\tnot vulnerable',
    'SpeculationIndirectBranch:\talways enabled',
    `Cpus_allowed:\t${(2 ** Math.min(kernel.options.cpus, 32) - 1).toString(16)}`,
    `Cpus_allowed_list:\t${cpuList(kernel)}`,
    'Mems_allowed:\t1',
    'Mems_allowed_list:\t0',
    'voluntary_ctxt_switches:\t0',
    'nonvoluntary_ctxt_switches:\t0',
    ...(kernel.options.architecture === 'x64'
      ? ['x86_Thread_features:\t', 'x86_Thread_features_locked:\t']
      : []),
    '',
  ].join('\n');
}

function identityLines(task: Process): string[] {
  const users = [task.userId, task.userId, task.userId, task.userId].join('\t');
  return [
    `Name:\t${task.command}`,
    'Umask:\t0022',
    'State:\tS (sleeping)',
    `Tgid:\t${task.pid}`,
    'Ngid:\t0',
    `Pid:\t${task.pid}`,
    `PPid:\t${task.parent}`,
    'TracerPid:\t0',
    `Uid:\t${users}`,
    `Gid:\t${users}`,
    'FDSize:\t64',
    'Groups:\t ',
    `NStgid:\t${task.pid}`,
    `NSpid:\t${task.pid}`,
    `NSpgid:\t${task.mm === undefined ? 0 : task.pid}`,
    'NSsid:\t0',
    `Kthread:\t${task.mm === undefined ? 1 : 0}`,
  ];
}

function signalLines(): string[] {
  const masks = ['SigPnd', 'ShdPnd', 'SigBlk', 'SigIgn', 'SigCgt'];
  return ['SigQ:\t0/7825', ...masks.map((name) => `${name}:\t0000000000000000`)];
}

function capabilityLines(task: Process): string[] {
  const own = task.userId === 0 ? ALL_CAPABILITIES : '0000000000000000';
  return [
    'CapInh:\t0000000000000000',
    `CapPrm:\t${own}`,
    `CapEff:\t${own}`,
    `CapBnd:\t${ALL_CAPABILITIES}`,
    'CapAmb:\t0000000000000000',
  ];
}

/** Returns all CPUs of the machine as a list: `0-3`. */
export function cpuList(kernel: Kernel): string {
  return kernel.options.cpus === 1 ? '0' : `0-${kernel.options.cpus - 1}`;
}

function memoryLines(kernel: Kernel, task: Process): string[] {
  const mm = task.memory;
  const kb = (pages: number) => String((pages * kernel.geometry.pageBytes) / 1024).padStart(8);
  const line = (name: string, pages: number) => `${name}:\t${kb(pages)} kB`;
  const sum = (match: (vma: Vma) => boolean) =>
    mm.vmas.filter(match).reduce((pages, vma) => pages + vma.end - vma.start, 0);
  const size = mm.virtualPages;
  const stack = sum((vma) => (vma.flags & VM.growsDown) !== 0);
  const code = sum((vma) => (vma.flags & VM.exec) !== 0 && vma.inode !== undefined);
  const isData = (vma: Vma) => (vma.flags & (VM.write | VM.shared | VM.growsDown)) === VM.write;
  return [
    line('VmPeak', Math.max(mm.peakVirtual, size)),
    line('VmSize', size),
    line(
      'VmLck',
      sum((vma) => (vma.flags & VM.locked) !== 0),
    ),
    line('VmPin', 0),
    line('VmHWM', Math.max(mm.peakRss, mm.rss)),
    line('VmRSS', mm.rss),
    line('RssAnon', mm.rssAnon),
    line('RssFile', mm.rssFile),
    line('RssShmem', mm.rssShmem),
    line('VmData', sum(isData)),
    line('VmStk', stack),
    line('VmExe', code),
    line('VmLib', 2),
    line('VmPTE', mm.tablePages + mm.pmdPages * 2),
    line('VmSwap', mm.swapEntries),
    line('HugetlbPages', 0),
    'CoreDumping:\t0',
    `THP_enabled:\t${mm.thpDisable === 'complete' ? 0 : 1}`,
    'untag_mask:\t0xffffffffffffffff',
  ];
}

/** /proc/PID/stat, 52 fields. */
export function processStat(kernel: Kernel, task: Process): string {
  const { mm } = task;
  const ticks = Math.floor(task.startedAt / TICK_NS);
  const flags = mm === undefined ? PF_KTHREAD : PF_RANDOMIZE;
  const cpu = Math.floor(task.cpuNs / TICK_NS);
  const fields = [
    'S', task.parent, task.pid, task.pid, 0, -1, flags, mm?.minorFaults ?? 0, 0, mm?.majorFaults ?? 0, 0,
    cpu, 0, 0, 0, 20, 0, task.threads, 0, ticks, (mm?.virtualPages ?? 0) * kernel.geometry.pageBytes,
    mm?.rss ?? 0, '18446744073709551615', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0,
  ]; // biome-ignore format: fields of proc_pid_stat(5)
  return `${task.pid} (${task.command}) ${fields.slice(0, 50).join(' ')}\n`;
}

/** /proc/PID/statm: size, resident, shared, text, lib, data, dirty, in pages. */
export function processStatm(task: Process): string {
  const { mm } = task;
  if (mm === undefined) return '0 0 0 0 0 0 0\n';
  const data = mm.vmas
    .filter((vma) => vma.flags & VM.write)
    .reduce((sum, vma) => sum + vma.end - vma.start, 0);
  return `${mm.virtualPages} ${mm.rss} ${mm.rssFile + mm.rssShmem} 161 0 ${data} 0\n`;
}

/** The virtual machine that a process runs: by its command line (QEMU, libvirt, Firecracker) and by libvirt's cgroups. */
import { namesOf, unescapeUnit } from './cgroup-paths.js';
import { labelsOf, type ServiceId } from './service-id.js';

/** Programs that are a virtual machine. User-mode emulators and tools (qemu-x86_64, qemu-img) are not. */
const MONITORS: readonly (readonly [RegExp, string])[] = [
  [/^(qemu-system-.+|qemu-kvm|kvm|qemu)$/, 'qemu'],
  [/^firecracker$/, 'firecracker'],
  [/^cloud-hypervisor$/, 'cloud-hypervisor'],
];

/** Which kind of monitor a program is by its name; names cut to 15 letters fit as well. */
export function monitorOf(program: string): string | undefined {
  const name = program.slice(program.lastIndexOf('/') + 1).replace(/ \(deleted\)$/, '');
  return MONITORS.find(([pattern]) => pattern.test(name))?.[1];
}

/** The machine of libvirt's cgroup: `machine-qemu\x2d3\x2ddb.scope`, or of old `machine/qemu-3-db.libvirt-qemu`. */
export function machineOf(path: string): ServiceId | undefined {
  for (const name of namesOf(path)) {
    const scope = /^machine-(.+)\.scope$/.exec(name)?.[1];
    const old = /^(.+)\.libvirt-qemu$/.exec(name)?.[1];
    const machine = scope === undefined ? old : unescapeUnit(scope);
    const told = machine === undefined ? null : /^(?:qemu-)(?:(\d+)-)?(.+)$/.exec(machine);
    if (told !== null) return vm(told[2], { monitor: 'qemu', id: told[1], machine });
    if (old !== undefined) return vm(old, { monitor: 'qemu' });
  }
  return undefined;
}

/** The machine that a command line starts; undefined when its program is no monitor. `words` are those of cmdline. */
export function machineOfWords(words: readonly string[], monitor: string | undefined): ServiceId | undefined {
  const kind = monitor ?? monitorOf(words[0] ?? '');
  if (kind === undefined) return undefined;
  const name = kind === 'qemu' ? qemuName(words) : optionValue(words, '--id');
  const uuid = optionValue(words, '-uuid');
  return name === undefined && uuid === undefined
    ? undefined
    : vm(name ?? uuid ?? '', { monitor: kind, uuid });
}

/** `-name guest=db,debug-threads=on` or `-name db,process=db`; a comma of the name is written twice. */
function qemuName(words: readonly string[]): string | undefined {
  const value = optionValue(words, '-name') ?? optionValue(words, '--name');
  if (value === undefined) return undefined;
  const parts = value.replaceAll(',,', '\0').split(',');
  const guest = parts.find((part) => part.startsWith('guest='))?.slice('guest='.length);
  const name = guest ?? (parts[0].includes('=') ? undefined : parts[0]);
  return name?.replaceAll('\0', ',') || undefined;
}

/** The last one counts, as it does for QEMU. */
function optionValue(words: readonly string[], option: string): string | undefined {
  const at = words.lastIndexOf(option);
  if (at >= 0) return words[at + 1];
  return words.findLast((word) => word.startsWith(`${option}=`))?.slice(option.length + 1);
}

function vm(name: string, labels: Readonly<Record<string, string | undefined>>): ServiceId {
  return { kind: 'vm', name, labels: labelsOf(labels) };
}

/**
 * The kernels of the lab: unmodified Debian cloud kernels, pinned by version and checksum. To test another release
 * add one entry here and, when it behaves differently, one column in test/conformance/differences.ts.
 */

import type { Architecture } from '../src/model/kernel/state/options.js';

export interface LabKernel {
  /** x64 when absent. */
  readonly architecture?: Architecture;
  /** Series, the name on the command line and in the table of differences. */
  readonly series: string;
  /** What `uname -r` prints in the guest. */
  readonly release: string;
  readonly suite: string;
  readonly package: string;
  readonly version: string;
  /** SHA-256 of the .deb. */
  readonly sha256: string;
  /** The kernel image inside the package. */
  readonly image: string;
}

export const LAB_KERNELS: readonly LabKernel[] = [
  {
    series: '7.3',
    release: '7.3.4+deb13-cloud-amd64',
    suite: 'trixie-backports',
    package: 'linux-binary-7.3.4+deb13-cloud-amd64',
    version: '7.3.4-1~bpo13+1',
    sha256: 'c4fbc8e404958693b28825474c20742d70594d65ca58aea7be6a279c81eb6fa0',
    image: 'usr/lib/modules/7.3.4+deb13-cloud-amd64/vmlinuz',
  },
  {
    series: '7.2',
    release: '7.2.13+deb14-cloud-amd64',
    suite: 'sid',
    package: 'linux-binary-7.2.13+deb14-cloud-amd64',
    version: '7.2.13-1',
    sha256: '03e41f1c34c16583462f029e81944a85ebcdb78098c258dedfa1cfdd680a27f8',
    image: 'usr/lib/modules/7.2.13+deb14-cloud-amd64/vmlinuz',
  },
  {
    series: '6.12',
    release: '6.12.95+deb12-cloud-amd64',
    suite: 'bookworm-backports',
    package: 'linux-image-6.12.95+deb12-cloud-amd64',
    version: '6.12.95-1~bpo12+1',
    sha256: '69c92f43b23821de79576fa4d7c86e2924ae2c1b247a47cc5ed9339e220fbcb7',
    image: 'boot/vmlinuz-6.12.95+deb12-cloud-amd64',
  },
];

/** Arm: the same series where the table of differences has one column for both. */
export const ARM_KERNELS: readonly LabKernel[] = [
  {
    architecture: 'arm64',
    series: '7.3',
    release: '7.3.4+deb13-cloud-arm64',
    suite: 'trixie-backports',
    package: 'linux-binary-7.3.4+deb13-cloud-arm64',
    version: '7.3.4-1~bpo13+1',
    sha256: '34dc0e1a6320440cc3f6e34d12ae099041a2e10555061d50ff4e5af602121788',
    image: 'usr/lib/modules/7.3.4+deb13-cloud-arm64/vmlinuz',
  },
  {
    // Pages of 16 KiB, huge ones of 32 MiB. Debian packages no flavour with pages of 64 KiB.
    architecture: 'arm64',
    series: '7.3-16k',
    release: '7.3.4+deb13-arm64-16k',
    suite: 'trixie-backports',
    package: 'linux-binary-7.3.4+deb13-arm64-16k',
    version: '7.3.4-1~bpo13+1',
    sha256: '40420b132c7ac6628f2e0f81de762a82423cc41b9df596f07fe5f9168a601185',
    image: 'usr/lib/modules/7.3.4+deb13-arm64-16k/vmlinuz',
  },
];

export function kernelsOf(architecture: Architecture): readonly LabKernel[] {
  return architecture === 'arm64' ? ARM_KERNELS : LAB_KERNELS;
}

export function labKernel(series: string, architecture: Architecture = 'x64'): LabKernel | undefined {
  return kernelsOf(architecture).find((kernel) => kernel.series === series);
}

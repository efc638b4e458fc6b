/**
 * The head of a history file: which Octavo wrote it, of which boot it is, and the names of the values in its lines. Fields
 * come by name, so that a new one needs no new version. Where lines themselves change, an upgrader makes those of this
 * version from the ones before, file by file and in memory: files are never written anew. Pure.
 */
import { bodyOf, lineOf } from '../formats/checked-lines.js';
import type { Milliseconds } from '../vocabulary/units.js';
import { TIERS, type Tier } from './health.js';
import { FIELD_NAMES } from './observation.js';

/** From lines of one version to those of the next; the first is from version 1 to 2. */
export interface Upgrade {
  readonly fields: (fields: readonly string[]) => readonly string[];
  readonly body: (body: string) => string;
}

/** One function for each older version of the lines, oldest first; none so far. */
export const UPGRADES: readonly Upgrade[] = [];

/** What a file says of all spans in it. */
export interface Head {
  readonly tier: Tier;
  readonly bootId: string;
  /** Sequence number and lived time of the first span. */
  readonly first: number;
  readonly livedMs: Milliseconds;
  readonly fields: readonly string[];
  /** The version that the file was written in. */
  readonly version: number;
  upgrade(body: string): string;
}

/** What the head of a new file needs to be told. */
export type NewHead = Pick<Head, 'tier' | 'bootId' | 'first' | 'livedMs'>;

/**
 * Nothing of a file can be read without its head, so that it stands three times: one byte, also one that makes two lines of
 * one or one of two, damages two of them at most.
 */
const HEAD_LINES = 3;

/** Returns the head as lines, repeated, so that one damaged line does not lose the file. */
export function headLines({ tier, bootId, first, livedMs }: NewHead): string {
  const version = UPGRADES.length + 1;
  const head = { octavo: 'history-segment', version, tier, boot: bootId, first, lived: livedMs };
  return lineOf(JSON.stringify({ ...head, fields: FIELD_NAMES })).repeat(HEAD_LINES);
}

/** Whether the body of a line is meant to be a head. */
export function isHead(body: string): boolean {
  return body.startsWith('{"octavo"');
}

/** The head of a line's body, or what keeps the file from being read. */
export function headOf(body: string, upgrades: readonly Upgrade[] = UPGRADES): Head | string {
  const { octavo, version, tier, boot, first, lived, fields } = parsed(body);
  if (octavo !== 'history-segment') return 'it is no file of a history';
  const newest = upgrades.length + 1;
  if (!isCount(version) || version < 1) return 'its version is missing';
  if (version > newest) return `it is of version ${version}, and this Octavo reads versions up to ${newest}`;
  if (!isTier(tier) || typeof boot !== 'string' || !isCount(first) || !isCount(lived) || !isNames(fields))
    return 'its head is incomplete';
  const steps = upgrades.slice(version - 1);
  return {
    tier,
    bootId: boot,
    first,
    livedMs: lived,
    version,
    fields: steps.reduce((names, step) => step.fields(names), fields),
    upgrade: (body) => steps.reduce((text, step) => step.body(text), body),
  };
}

/** The first head that can be read among the first lines of a file. */
export function headIn(lines: readonly string[]): Head | undefined {
  for (const line of lines.slice(0, 2 * HEAD_LINES)) {
    const head = headOf(bodyOf(line) ?? '');
    if (typeof head !== 'string') return head;
  }
  return undefined;
}

function parsed(body: string): Record<string, unknown> {
  try {
    return (JSON.parse(body) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTier(value: unknown): value is Tier {
  return TIERS.includes(value as Tier);
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

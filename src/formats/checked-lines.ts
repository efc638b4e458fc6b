/**
 * Files of lines that are checked one by one: `CHECKSUM BODY`, with the CRC-32 of the body in eight hexadecimal digits. A
 * body is JSON, or `z` and base64 of raw deflate of JSON where that is shorter. Journals and histories are such files. Pure.
 */
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Bytes } from '../vocabulary/units.js';

/** A line whose checksum or body is wrong. */
export interface Damage {
  /** Counted from 1. */
  readonly line: number;
  readonly problem: string;
}

/** Returns a body as a line, with its checksum and line feed. */
export function lineOf(body: string): string {
  return `${checksum(body)} ${body}\n`;
}

/** The body of a line, undefined when its checksum does not confirm it. */
export function bodyOf(line: string): string | undefined {
  const body = line.slice(9);
  return line[8] === ' ' && line.slice(0, 8) === checksum(body) ? body : undefined;
}

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}

/** A value as a body, the shorter way. `dictionary` is what such values usually hold, and part of the format. */
export function packedWith(dictionary: Buffer, value: unknown): string {
  const json = JSON.stringify(value);
  const deflated = deflateRawSync(json, { dictionary, level: 9 }).toString('base64');
  return deflated.length + 1 < json.length ? `z${deflated}` : json;
}

/**
 * The value of a body. Throws what node:zlib or JSON throw for a body that was not packed like this, or that is larger than
 * `most` when unpacked.
 */
export function unpackedWith(dictionary: Buffer, body: string, most?: Bytes): unknown {
  if (!body.startsWith('z')) return JSON.parse(body);
  const bounds = most === undefined ? {} : { maxOutputLength: most };
  const inflated = inflateRawSync(Buffer.from(body.slice(1), 'base64'), { dictionary, ...bounds });
  return JSON.parse(inflated.toString('utf8'));
}

/**
 * The bodies of the lines that their checksums confirm, and the damage between them. A last line without its end, or one
 * with a hole of zero bytes where a power failure kept sectors from the disk, is what a crash leaves, and passed over.
 */
export function* passingDamage(
  text: string,
): Generator<{ readonly line: number; readonly body: string } | Damage> {
  let line = 1;
  let at = 0;
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
    const one = text.slice(at, end);
    const body = bodyOf(one);
    const isLast = end === text.length - 1;
    if (body !== undefined) yield { line, body };
    else if (!isLast || !one.includes('\0\0')) yield { line, problem: 'the checksum does not match' };
    at = end + 1;
    line++;
  }
  if (bodyOf(text.slice(at, -1)) !== undefined) yield { line, problem: 'its end of line is damaged' };
}

/** Answers with the headers that all of them have. Pure. */
import type { WebAnswer } from '../../host/host.js';
import type { Refusal } from './request-checks.js';

/** The page loads its own script and style, and asks nobody else; it makes elements and never markup. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const ALWAYS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Content-Security-Policy': POLICY,
} as const;

/** An answer with the headers that all have. */
export function reply(
  status: number,
  type: string,
  body: WebAnswer['body'],
  more: Readonly<Record<string, string>> = {},
): WebAnswer {
  return { status, headers: { 'Content-Type': type, ...ALWAYS, ...more }, body };
}

const encoder = new TextEncoder();

/** A document. */
export function jsonReply(
  value: unknown,
  status = 200,
  more: Readonly<Record<string, string>> = {},
): WebAnswer {
  return reply(status, 'application/json; charset=utf-8', encoder.encode(`${JSON.stringify(value)}\n`), more);
}

/** Bytes, for the page’s script. */
export function bytesReply(bytes: Uint8Array): WebAnswer {
  return reply(200, 'application/octet-stream', bytes);
}

/** 204: done, and nothing to tell. */
export function emptyReply(more: Readonly<Record<string, string>>): WebAnswer {
  return { status: 204, headers: { ...ALWAYS, ...more }, body: new Uint8Array(0) };
}

const HEADERS_OF: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'WWW-Authenticate': 'Bearer realm="octavo"' },
  405: { Allow: 'GET, HEAD' },
  429: { 'Retry-After': '5' },
  503: { 'Retry-After': '1' },
};

/** A refusal as a document. */
export function refusalReply({ status, code, why }: Refusal): WebAnswer {
  return jsonReply({ octavo: 'dashboard-refusal', version: 1, code, why }, status, HEADERS_OF[status] ?? {});
}

/** Why a request of any client is refused: its method, its origin, its host name. Pure. */
import type { WebRequest } from '../../host/host.js';

/** Why a request gets nothing. */
export interface Refusal {
  readonly status: number;
  /** For programs: `method`, `host` … */
  readonly code: string;
  readonly why: string;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;
/** `none`: typed into the address bar. `same-site` is another port of this machine, and another page. */
const OWN_SITES: ReadonlySet<string> = new Set(['same-origin', 'none']);

/** `isPage`: asked for as a page, which may be led to from elsewhere, holds no data, and cannot be framed. */
export function refusalOf(request: WebRequest, isPage: boolean): Refusal | undefined {
  const { method, hasBody } = request;
  if (method !== 'GET' && method !== 'HEAD')
    return {
      status: 405,
      code: 'method',
      why: 'GET and HEAD only: nothing can be changed here, or not by this path',
    };
  if (hasBody) return { status: 413, code: 'body', why: 'no body is taken' };
  return placeRefusal(request, isPage);
}

/** The same of a request that asks for something to be done: this very page has to say so, with both of what browsers tell. */
export function actRefusalOf(request: WebRequest): Refusal | undefined {
  const { hasBody, body } = request;
  const place = placeRefusal(request, false);
  if (place !== undefined) return place;
  if (request.header('origin') === undefined)
    return { status: 403, code: 'origin', why: 'acts are asked for by the page alone (Origin is missing)' };
  if (request.header('sec-fetch-site') !== 'same-origin')
    return { status: 403, code: 'site', why: 'acts are asked for by the page alone (Sec-Fetch-Site)' };
  if (!/^application\/json(; *charset=utf-8)?$/i.test(request.header('content-type') ?? ''))
    return { status: 415, code: 'type', why: 'acts are asked for as application/json' };
  return hasBody && body !== undefined
    ? undefined
    : { status: 413, code: 'body', why: 'the body is missing, too long, or of no length' };
}

function placeRefusal(request: WebRequest, isPage: boolean): Refusal | undefined {
  const host = request.header('host') ?? '';
  // A page elsewhere whose name was made to point here is not answered (DNS rebinding), nor through a forwarded socket.
  if (!LOOPBACK.test(host))
    return {
      status: 421,
      code: 'host',
      why: 'not served under this name: only under those of the loopback interface',
    };
  return originRefusal(request, host, isPage);
}

function originRefusal(request: WebRequest, host: string, isPage: boolean): Refusal | undefined {
  const origin = request.header('origin');
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`)
    return { status: 403, code: 'origin', why: 'asked for by another page (Origin)' };
  const site = request.header('sec-fetch-site');
  if (site === undefined || OWN_SITES.has(site)) return undefined;
  const isLedTo =
    isPage &&
    request.header('sec-fetch-mode') === 'navigate' &&
    request.header('sec-fetch-dest') === 'document';
  return isLedTo
    ? undefined
    : { status: 403, code: 'site', why: 'asked for by another page (Sec-Fetch-Site)' };
}

/** A service of this machine that answers, refuses, is slow, says too much, or is none. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { localGet } from './local-get.js';

describe('a GET from this machine', () => {
  const server = createServer(({ url }, response) => {
    if (url === '/good?query=up') response.end('good é');
    else if (url === '/large') response.end('x'.repeat(2000));
    else if (url === '/slow') response.write('…');
    else if (url === '/cut') {
      response.write('…');
      response.destroy();
    } else {
      response.statusCode = 503;
      response.end('no');
    }
  });
  let base = '';

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const get = async (url: string) => {
    const answer = await localGet(url, { withinMs: 300, mostBytes: 1000 });
    return answer.ok
      ? answer.value
      : `${answer.error.errno}${/: status \d+/.exec(answer.error.call)?.[0] ?? ''}`;
  };

  test('is its body, or why there is none', async () => {
    assert.equal(await get(`${base}/good?query=up`), 'good é');
    assert.equal(await get(`${base}/none`), 'EIO: status 503');
    assert.equal(await get(`${base}/large`), 'EFBIG');
    assert.equal(await get(`${base}/slow`), 'ETIMEDOUT');
    assert.match(await get(`${base}/cut`), /^E/);
  });

  test('is never from another machine, nor by another protocol', async () => {
    for (const url of [
      'http://example.org/',
      'http://10.0.0.1/',
      'http://127.0.0.1.example.org/',
      'https://localhost/',
      'file:///etc/passwd',
    ])
      assert.equal(await get(url), 'EACCES', url);
    assert.equal(await get('no url'), 'EINVAL');
  });
});

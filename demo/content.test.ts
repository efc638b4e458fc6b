import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../test/support/properties.js';
import { isLiveWord, liveIndex, liveWord, pageKey, wordOf, writePage } from './content.js';

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

describe('page content', () => {
  it('differs in every word of a page, so that at most one is zero', () => {
    fc.assert(
      fc.property(word, fc.nat(2 ** 30), (seed, page) => {
        const key = pageKey(seed, page);
        const words = Array.from({ length: 1024 }, (_, index) => wordOf(key, index));
        assert.equal(new Set(words).size, 1024);
      }),
    );
  });

  it('differs between neighbouring pages in most words', () => {
    fc.assert(
      fc.property(word, fc.nat(2 ** 20), (seed, page) => {
        const [left, right] = [pageKey(seed, page), pageKey(seed, page + 1)];
        let same = 0;
        for (let index = 0; index < 1024; index++) if (wordOf(left, index) === wordOf(right, index)) same++;
        assert.ok(same <= 4, `${same} equal words`);
      }),
    );
  });

  it('accepts a live word that is at or ahead of what was published and nothing behind', () => {
    fc.assert(
      fc.property(word, fc.nat(2 ** 31 - 100), fc.nat(99), (key, published, ahead) => {
        assert.ok(isLiveWord(liveWord(key, published + ahead), key, published));
        if (ahead > 0) assert.ok(!isLiveWord(liveWord(key, published), key, published + ahead));
      }),
    );
  });

  it('rejects a live word with a flipped bit', () => {
    fc.assert(
      fc.property(word, fc.nat(2 ** 31 - 1), fc.nat(15), (key, count, bit) => {
        assert.ok(!isLiveWord(liveWord(key, count) ^ (1 << (16 + bit)), key, count));
      }),
    );
  });

  it('writes all words of one page and none of its neighbours', () => {
    const words = new Int32Array(3072);
    writePage(words, 1024, 1024, 9, 4, 2);
    assert.ok(words.subarray(0, 1024).every((value) => value === 0));
    assert.ok(words.subarray(2048).every((value) => value === 0));
    assert.ok(words.subarray(1024, 2048).filter((value) => value === 0).length <= 1);
    assert.equal(words[1024 + liveIndex(4, 1024)], liveWord(pageKey(9, 4), 2));
  });
});

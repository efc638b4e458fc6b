/**
 * fast-check with the seed of this run of the tests. A run draws the same cases on every machine, so that what failed
 * once fails again where it is mended; `npm test -- --seed N` draws others.
 */
import fc from 'fast-check';

/** `scripts/test.mjs` sets it; a test file that is run alone draws what `npm test` draws. */
const SEED = Number(process.env.OCTAVO_TEST_SEED ?? 1);

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: SEED });

export default fc;

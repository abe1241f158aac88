/**
 * This test file's own build of the app, its own server, and the port that its own stand-in Hub takes: as many files run at
 * a time as there are places, and none meets another's.
 */
import { inject } from 'vitest';

const taken = Number(process.env['VITEST_POOL_ID'] ?? 1) - 1;
const place = inject('places')[taken];
if (place === undefined) throw new Error(`no place ${taken}: more files run at a time than there are builds`);

export const { appUrl, dist, hubPort } = place;

import { describe, expect, test } from 'vitest';
import { createJob, openJob } from '../../src/job/folder.ts';

describe('createJob', () => {
  test('says that there is no storage where there is none', async () => {
    await expect(createJob('mixture')).rejects.toMatchObject({ code: 'storage-unavailable' });
  });
});

describe('openJob', () => {
  test('says that there is no storage where there is none', async () => {
    await expect(openJob('a')).rejects.toMatchObject({ code: 'storage-unavailable' });
  });
});

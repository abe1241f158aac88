/** A finished output's card, changed by hand: checked, written as every other file is, and the generated one kept. */
import { checkCard } from './export/card-check.ts';
import { isKnown, KnownError } from './errors.ts';
import { openJob } from './job/folder.ts';
import type { WrittenFile } from './job/marker.ts';
import { hashBlob } from './tensor/sha256.ts';

export { checkCard } from './export/card-check.ts';

const cardPath = 'README.md';
/** Beside the output, of which it is no part. */
const generatedPath = 'README.generated.md';

/**
 * Puts `text` in the place of README.md: written, closed, read back, hashed, and only then stated by the output. Returns
 * its files as they are now. Throws `card-front-matter-invalid`, `output-missing`, `output-damaged`, `storage-full`;
 * the old card stays then.
 */
export async function saveCard(job: string, text: string): Promise<readonly WrittenFile[]> {
  checkCard(text);
  const folder = await openJob(job);
  if ((await readBeside(job, generatedPath)) === undefined) {
    await folder.keepBeside(generatedPath, await folder.file(cardPath));
  }
  const content = new Blob([text]);
  const sha256 = await hashBlob(content);
  return folder.replace({ path: cardPath, bytes: content.size, sha256 }, content, async (file) => {
    const got = await hashBlob(file);
    if (got === sha256) return;
    throw new KnownError('output-damaged', { file: cardPath, why: `SHA-256 ${got} ≠ ${sha256}` });
  });
}

/** The card as it was generated, whatever has been saved since. Throws `output-missing`. */
export async function readGeneratedCard(job: string): Promise<string> {
  const generated = await readBeside(job, generatedPath);
  return (generated ?? (await (await openJob(job)).file(cardPath))).text();
}

async function readBeside(job: string, path: string): Promise<File | undefined> {
  const folder = await openJob(job);
  try {
    return await folder.file(path);
  } catch (error) {
    if (isKnown(error, 'output-missing')) return undefined;
    throw error;
  }
}

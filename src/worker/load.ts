import { KnownError } from '../errors.ts';

/**
 * A part of the engine that is loaded when it is first needed: what opens the page and reads its cards is all that comes
 * before. Throws `page-part-missing`.
 */
export async function load<Part>(part: () => Promise<Part>): Promise<Part> {
  try {
    return await part();
  } catch (error) {
    throw new KnownError('page-part-missing', { why: (error as Error).message }, { cause: error });
  }
}

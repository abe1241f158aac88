import { KnownError } from '../errors.ts';

/** A part of the page that is loaded when it is first wanted. Throws `page-part-missing`. */
export async function load<Part>(part: () => Promise<Part>): Promise<Part> {
  try {
    return await part();
  } catch (error) {
    throw new KnownError('page-part-missing', { why: (error as Error).message }, { cause: error });
  }
}

/** A file of examples as the table that it holds. Beside the pipeline, since only who adds a file needs it. */
import { readExamplesText } from './score/examples-text.ts';
import { parseTable, type Table } from './score/table.ts';

/** Throws the `examples-…` codes of a file that holds none. */
export async function readTable(file: Blob, name: string): Promise<Table> {
  return parseTable(await readExamplesText(file, name));
}

/**
 * Zips among what was dropped or picked: opened where they lie. A file in one is a range of it, so that nothing is
 * unpacked and nothing is kept twice.
 */
import type { LocalFile } from './source.ts';

/**
 * The files, with those of each zip in its place, under its name as a folder. Only zips that were themselves dropped or
 * picked are opened: in a model's folder they are files like any other. Throws the codes of `readDirectory`, for a zip
 * whose files are compressed `zip-compressed`.
 */
export async function openZips(files: readonly LocalFile[]): Promise<readonly LocalFile[]> {
  const opened = files.map(async (file) => (/^[^/]+\.zip$/i.test(file.path) ? openZip(file) : [file]));
  return (await Promise.all(opened)).flat();
}

async function openZip({ path: zip, file }: LocalFile): Promise<readonly LocalFile[]> {
  // loaded when the first zip comes
  const { readDirectory } = await import('../zip/directory.ts');
  const { lastModified } = file;
  return (await readDirectory(file, zip)).map(({ path, start, bytes }) => {
    const name = path.split('/').at(-1)!;
    return {
      path: `${zip}/${path}`,
      file: new File([file.slice(start, start + bytes)], name, { lastModified }),
    };
  });
}

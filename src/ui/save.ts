/** Hands a finished file to the browser's downloads. */

/** Long enough for any browser to have started reading; the file itself stays where it is. */
const revokeAfterMs = 60_000;

export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), revokeAfterMs);
}

/** A checkpoint's file as PyTorch saves it, `pytorch_model.bin`, as tensors of the kind that safetensors gives. */
import { readBlob } from '../blob.ts';
import { isKnown, KnownError } from '../errors.ts';
import { elementBytes } from '../tensor/dtype.ts';
import { gather } from '../torch-file/gather.ts';
import { openTorchFile, type TorchTensor } from '../torch-file/torch-file.ts';
import type { Tensor } from './checkpoint.ts';
import { metadataName } from './header.ts';
import { nameMistaken, signatureBytes } from './mistaken.ts';

/**
 * In the order of their places in the file; tensors that share a storage are tensors of their own. Throws the codes of
 * `openTorchFile` and `nameMistaken`.
 *
 * @param path of the file in the model's folder
 * @param file as messages call it
 */
export async function openBinFile(blob: Blob, path: string, file: string): Promise<readonly Tensor[]> {
  const tensors = await openTorchFile(blob, file).catch(async (error: unknown) => {
    throw await explain(error, blob, file);
  });
  return tensors.map((tensor) => toTensor(tensor, path, file)).sort((a, b) => a.start - b.start);
}

function toTensor(tensor: TorchTensor, path: string, file: string): Tensor {
  const { name, dtype, shape, elementCount, bytes, start, strides } = tensor;
  if (name === metadataName) {
    throw new KnownError('torch-tensor-invalid', {
      file,
      tensor: name,
      why: 'safetensors reserves the name',
    });
  }
  return {
    ...{ name, dtype, shape, elementCount, bytes, start },
    file: path,
    ...(strides === undefined ? {} : { strides }),
  };
}

/** That the file is of another kind says more than that it is no zip. */
async function explain(error: unknown, blob: Blob, file: string): Promise<unknown> {
  if (!isKnown(error, 'zip-damaged')) return error;
  const first = await readBlob(blob.slice(0, signatureBytes), file, Math.min(signatureBytes, blob.size));
  const mistaken = nameMistaken(first, file, blob.size);
  return mistaken === undefined || mistaken.code === 'file-zip' ? error : mistaken;
}

/**
 * Bytes [startByte, endByte) of a tensor whose elements do not lie side by side, in the order of its own elements.
 * Memory: the elements asked for and 4 MiB.
 *
 * @param read a range of the tensor's file
 */
export async function readStrided(
  tensor: Tensor,
  strides: readonly number[],
  startByte: number,
  endByte: number,
  read: (start: number, end: number) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { shape, start } = tensor;
  const width = elementBytes(tensor.dtype);
  const first = Math.floor(startByte / width);
  const bytes = await gather({ shape, strides, width }, first, Math.ceil(endByte / width), (from, to) =>
    read(start + from, start + to),
  );
  const skipped = startByte - first * width;
  return skipped === 0 && bytes.length === endByte - startByte
    ? bytes
    : bytes.slice(skipped, skipped + endByte - startByte);
}

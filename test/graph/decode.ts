/** A reader of the protobuf wire format, written apart from the writer under test. */

export type Field =
  | { readonly field: number; readonly kind: 'integer'; readonly value: bigint }
  | { readonly field: number; readonly kind: 'float'; readonly value: number }
  | { readonly field: number; readonly kind: 'bytes'; readonly value: Uint8Array };

export function decode(bytes: Uint8Array): readonly Field[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('cut short');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const field = tag >> 3;
    switch (tag & 7) {
      case 0:
        fields.push({ field, kind: 'integer', value: BigInt.asIntN(64, varint()) });
        break;
      case 2: {
        const length = Number(varint());
        if (at + length > bytes.length) throw new Error('cut short');
        fields.push({ field, kind: 'bytes', value: bytes.subarray(at, at + length) });
        at += length;
        break;
      }
      case 5:
        fields.push({ field, kind: 'float', value: view.getFloat32(at, true) });
        at += 4;
        break;
      default:
        throw new Error(`wire type ${tag & 7}`);
    }
  }
  return fields;
}

/** All values of a length-delimited field, in order. */
export function bytesOf(message: Uint8Array, field: number): readonly Uint8Array[] {
  return decode(message).flatMap((entry) =>
    entry.field === field && entry.kind === 'bytes' ? [entry.value] : [],
  );
}

export function textsOf(message: Uint8Array, field: number): readonly string[] {
  return bytesOf(message, field).map((bytes) => new TextDecoder().decode(bytes));
}

export function integersOf(message: Uint8Array, field: number): readonly number[] {
  return decode(message).flatMap((entry) =>
    entry.field === field && entry.kind === 'integer' ? [Number(entry.value)] : [],
  );
}

/** The graph of a ModelProto. */
export function graphIn(model: Uint8Array): Uint8Array {
  return bytesOf(model, 7)[0]!;
}

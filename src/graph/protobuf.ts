/**
 * The part of the protobuf wire format that ONNX needs: varints, 32-bit floats and length-delimited fields.
 * Knows nothing of ONNX. Source: https://protobuf.dev/programming-guides/encoding/
 */

const encoder = new TextEncoder();

/** One message being written; nested messages are written whole and appended as bytes. */
export class Message {
  #bytes = new Uint8Array(256);
  #length = 0;

  /** An int64 or enum field; `value` is a safe integer. */
  integer(field: number, value: number): this {
    this.#varint(field << 3);
    if (value < 0) this.#negative(value);
    else this.#varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.#varint((field << 3) | 5);
    this.#reserve(4);
    new DataView(this.#bytes.buffer).setFloat32(this.#length, value, true);
    this.#length += 4;
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.finish());
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint((field << 3) | 2);
    this.#varint(value.byteLength);
    this.#reserve(value.byteLength);
    this.#bytes.set(value, this.#length);
    this.#length += value.byteLength;
    return this;
  }

  /** The message's bytes: a view of memory that further fields may replace. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #varint(value: number): void {
    this.#reserve(10);
    // division, not shifts: values beyond 2^31 keep all their bits
    while (value >= 0x80) {
      this.#bytes[this.#length++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.#bytes[this.#length++] = value;
  }

  /** Two's complement in 64 bits, always ten bytes. */
  #negative(value: number): void {
    this.#reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
    this.#bytes[this.#length++] = Number(rest);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.byteLength) return;
    const grown = new Uint8Array(Math.max(this.#bytes.byteLength * 2, this.#length + more));
    grown.set(this.finish());
    this.#bytes = grown;
  }
}

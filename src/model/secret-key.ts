/** 32 bytes nobody may see. They are no property that a logger, a serializer or an inspector finds. */
export class SecretKey {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    if (bytes.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes`);
    this.#bytes = Uint8Array.from(bytes);
  }

  /** For ciphers alone. A method and not a property, so that whoever spreads or walks a value does not take it. */
  reveal(): Uint8Array {
    return this.#bytes;
  }
}

export const KEY_BYTES = 32;

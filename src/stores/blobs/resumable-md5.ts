import { createMD5 } from 'hash-wasm';

/** An MD5 whose running state can be saved, so that another process goes on with it. */
export interface ResumableMd5 {
  update(bytes: Uint8Array): void;
  save(): Uint8Array;
  /** 16 bytes; ends it. */
  digest(): Uint8Array;
}

/** The state to begin with, computed once: a hasher costs a WebAssembly instance, so none is made only to ask it. */
export class InitialMd5State {
  #state: Promise<Uint8Array> | undefined;

  get(): Promise<Uint8Array> {
    this.#state ??= resumableMd5().then((md5) => md5.save());
    return this.#state;
  }
}

/** Starts, or goes on from a saved state; a state that hash-wasm does not accept throws. */
export async function resumableMd5(state?: Uint8Array): Promise<ResumableMd5> {
  const hasher = await createMD5();
  if (state === undefined) hasher.init();
  else hasher.load(state);
  return {
    update: (bytes) => void hasher.update(bytes),
    save: () => Uint8Array.from(hasher.save()),
    digest: () => Uint8Array.from(hasher.digest('binary')),
  };
}

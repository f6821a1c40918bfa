/** Where a parser reads a table from: a folder of sample files, or a bucket prefix over HTTP. Names are relative. */
export interface TableSource {
  /** Names under a prefix, in any order. */
  list(prefix: string): Promise<readonly string[]>;
  /** Whole content; throws `MissingFileError` when the name is not there. */
  read(name: string): Promise<Uint8Array>;
}

export class MissingFileError extends Error {
  override readonly name = 'MissingFileError';
  readonly file: string;

  constructor(file: string) {
    super(`${file} is not there`);
    this.file = file;
  }
}

/** A control file that does not parse, or a log with a hole: what makes a snapshot unreadable. */
export class BrokenLogError extends Error {
  override readonly name = 'BrokenLogError';
  readonly file: string;

  constructor(file: string, message: string, options?: { cause?: unknown }) {
    super(`${file}: ${message}`, options);
    this.file = file;
  }
}

/** Runs a parser and says which file it failed on; a missing file stays a missing file. */
export async function parsing<T>(file: string, parse: () => T | Promise<T>): Promise<T> {
  try {
    return await parse();
  } catch (cause) {
    if (cause instanceof MissingFileError || cause instanceof BrokenLogError) throw cause;
    if (cause instanceof Error && cause.name === 'SiteUnavailableError') throw cause;
    throw new BrokenLogError(file, `does not parse: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

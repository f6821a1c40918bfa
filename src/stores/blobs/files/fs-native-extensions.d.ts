/** The part of the package that is used: open-file-description locks (`F_OFD_SETLK`; `LockFileEx` on Windows). */
declare module 'fs-native-extensions' {
  export function tryLock(fileDescriptor: number): boolean;
  export function unlock(fileDescriptor: number): void;
}

declare module 'fs-native-extensions' {
  /** Whether the whole file is now locked for this descriptor, and for no other. */
  export function tryLock(fd: number): boolean
}

import { token } from './token.js'

/** The machine that this kernel runs on, as far as plugins need it. */
export interface HostInfo {
  /** The host's name. */
  name: string
  /** The data folder, absolute, mode 0700. Each plugin keeps to a folder of its own name in it. */
  data: string
  /** Longshore's version. */
  version: string
  /** Milliseconds since the epoch at which the kernel was made. */
  started: number
}

export const HostInfo = token<HostInfo>('HostInfo')

import type { Output } from '@longshore/core'
import { Frames } from '../telemetry/frames.js'

/** Hands what a container or a command in it prints on, frame by frame; the engine waits when the output does. */
export async function handOn(stream: NodeJS.ReadableStream, output: Output): Promise<void> {
  let came: ['stdout' | 'stderr', Buffer][] = []
  const frames = new Frames((from, bytes, start, end) => {
    came.push([from === 'stdout' ? 'stdout' : 'stderr', bytes.subarray(start, end)])
  })
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    frames.push(chunk)
    const now = came
    came = []
    for (const each of now) await output.write(...each)
  }
}

import { openSync, writeSync } from 'node:fs'

// Writes lines at a rate into what a container prints to: each begins with the nanoseconds of the monotonic clock.
const [path, rate, seconds, width] = [process.argv[2], ...process.argv.slice(3).map(Number)]
const file = openSync(path, 'w')
const begin = process.hrtime.bigint()
let written = 0

function write() {
  const passed = Number(process.hrtime.bigint() - begin) / 1e9
  const due = Math.floor(Math.min(passed, seconds) * rate)
  // In portions, so that a line's time is that of its writing.
  while (written < due) {
    const count = Math.min(due - written, 50)
    const stamp = `${process.hrtime.bigint()} `
    const text = `${stamp.padEnd(width - 1, 'x')}\n`.repeat(count)
    for (let sent = 0; sent < text.length; sent += writeSync(file, text.slice(sent)));
    written += count
  }
  if (passed < seconds) setTimeout(write, 1)
  else process.stdout.write(String(written))
}
write()

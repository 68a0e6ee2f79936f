import { openStore } from '@longshore/storage-lmdb'

/* Opens the store, says so or by which code it was refused, and holds it until it is killed. */
try {
  await openStore(process.argv[2], { segment: 64, report: () => undefined })
  console.log('open')
  setInterval(() => undefined, 60_000)
} catch (error) {
  console.log(error.code)
}

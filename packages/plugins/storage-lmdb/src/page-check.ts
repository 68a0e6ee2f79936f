import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { damaged } from './errors.js'

/*
 * LMDB trusts its file: a page that is cut off or overwritten ends the process instead of giving an error. So before
 * it may open a file that changes, this walks the trees from the newest meta page and looks at every page's header and
 * nodes. The layout (little-endian, 64 bits) is that of MDB_page_header, MDB_meta, MDB_db and MDB_node in mdb.c of the
 * lmdb package, data version 2.
 */
const headerSize = 24
const magic = 0xbeefc0de
const pageFlag = { branch: 0x01, leaf: 0x02, overflow: 0x04, meta: 0x08 } as const
const nodeFlag = { bigData: 0x01, subData: 0x02 } as const
const nodeSize = 8
const dbSize = 48
const noPage = 2 ** 64
/** Above this size of the file only the pages that lead to others are looked at, so that a start stays short. */
const fullCheck = 128 * 2 ** 20

interface Walk {
  file: string
  fd: number
  size: number
  pageSize: number
  pages: number
}

/** Refuses with STORAGE_DAMAGED a file whose trees do not hang together. */
export function checkPages(path: string): void {
  const fd = openSync(path, 'r')
  try {
    const { size } = fstatSync(fd)
    const file = basename(path)
    const walk = { file, fd, size, pageSize: 4096, pages: 0 }
    const meta = newestMeta(walk)
    walk.pages = Math.floor(size / walk.pageSize)
    const trees = meta.subarray(headerSize + 24)
    // The tree of free pages, then the one that holds the tables.
    checkTree(walk, trees)
    checkTree(walk, trees.subarray(dbSize))
  } finally {
    closeSync(fd)
  }
}

function newestMeta(walk: Walk): Buffer {
  const first = readAt(walk, 0, 4096)
  if (first.readUInt32LE(headerSize) !== magic) throw damaged(walk.file, 'it does not begin as an LMDB file')
  walk.pageSize = first.readUInt32LE(headerSize + 24)
  if (![4096, 8192, 16384, 32768, 65536].includes(walk.pageSize))
    throw damaged(walk.file, 'its page size is impossible')
  const second = readAt(walk, walk.pageSize, 4096)
  if (second.readUInt32LE(headerSize) !== magic)
    throw damaged(walk.file, 'its second meta page cannot be read')
  const transaction = (meta: Buffer) => meta.readBigUInt64LE(headerSize + 24 + 2 * dbSize + 8)
  return transaction(second) > transaction(first) ? second : first
}

/** `record` is an MDB_db: how many leaves lie below which root, and how deep. */
function checkTree(walk: Walk, record: Buffer): void {
  const root = Number(record.readBigUInt64LE(40))
  const depth = record.readUInt16LE(6)
  if (root >= noPage - 1) return
  checkPage(walk, root, depth)
}

function checkPage(walk: Walk, number: number, depth: number): void {
  if (depth < 1 || depth > 32) throw damaged(walk.file, 'a tree of it has an impossible depth')
  const isLeaf = depth === 1
  if (isLeaf && walk.size > fullCheck) return checkNumber(walk, number)
  const page = readPage(walk, number)
  const flags = page.readUInt16LE(18)
  if ((flags & 0x0f) !== (isLeaf ? pageFlag.leaf : pageFlag.branch))
    throw broken(walk, number, 'is of a wrong kind')
  const lower = page.readUInt16LE(20)
  const upper = page.readUInt16LE(22)
  if (lower > upper || upper > walk.pageSize - headerSize || lower % 2 !== 0)
    throw broken(walk, number, 'has bounds that cross')
  for (let at = headerSize; at < headerSize + lower; at += 2) {
    const start = page.readUInt16LE(at) + headerSize
    if (start < headerSize + upper || start + nodeSize > walk.pageSize)
      throw broken(walk, number, 'points beyond itself')
    const node = page.subarray(start)
    if (isLeaf) checkLeafNode(walk, number, node)
    else checkPage(walk, node.readUInt32LE(0) + node.readUInt16LE(4) * 2 ** 32, depth - 1)
  }
}

function checkLeafNode(walk: Walk, number: number, node: Buffer): void {
  const dataSize = node.readUInt32LE(0)
  const flags = node.readUInt16LE(4)
  const data = nodeSize + node.readUInt16LE(6)
  const inline = (flags & nodeFlag.bigData) === 0 ? dataSize : 24
  if (data + inline > node.length) throw broken(walk, number, 'has a record that leaves it')
  if ((flags & nodeFlag.subData) !== 0 && dataSize === dbSize) checkTree(walk, node.subarray(data))
  if ((flags & nodeFlag.bigData) === 0) return
  const overflow = Number(node.readBigUInt64LE(data))
  const head = readPage(walk, overflow)
  const pages = head.readUInt32LE(20)
  const fits = headerSize + dataSize <= pages * walk.pageSize && overflow + pages <= walk.pages
  if ((head.readUInt16LE(18) & pageFlag.overflow) === 0 || !fits)
    throw broken(walk, overflow, 'is no long record')
}

function checkNumber(walk: Walk, number: number): void {
  if (number < 2 || number >= walk.pages)
    throw damaged(walk.file, `page ${number} of ${walk.pages} is missing`)
}

function readPage(walk: Walk, number: number): Buffer {
  checkNumber(walk, number)
  const page = readAt(walk, number * walk.pageSize, walk.pageSize)
  if (Number(page.readBigUInt64LE(0)) !== number) throw broken(walk, number, 'says it is another one')
  return page
}

function broken({ file }: Walk, number: number, what: string): Error {
  return damaged(file, `page ${number} ${what}`)
}

function readAt({ fd, file }: Walk, position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length)
  if (readSync(fd, buffer, 0, length, position) !== length) throw damaged(file, 'it ends too early')
  return buffer
}

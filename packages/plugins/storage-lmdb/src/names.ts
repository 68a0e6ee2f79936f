/** The store's folder within the data folder. */
export const folderName = 'storage-lmdb'
/** Within the store's folder: locked while somebody has the store open; holds the process id, for people. */
export const lockName = 'lock'
/** The one file that changes. */
export const journalName = 'journal.mdb'
/** The folder of the files that do not. */
export const segmentsName = 'segments'

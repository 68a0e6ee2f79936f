export function crashRound(folder: string, milliseconds: number): Promise<number>

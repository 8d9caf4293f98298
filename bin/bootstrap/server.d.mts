export function findMain(options: { build: boolean }): Promise<string>;
export const STAMP: string;

export function hydratePostgres(root: string): void;
export function hydrateLinks(home: string): void;

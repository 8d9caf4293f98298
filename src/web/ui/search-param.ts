import { useNavigate, useSearch } from '@tanstack/react-router';

/** A word of the address's query; undefined where it is not there. */
export function useSearchParam(name: string): string | undefined {
  const search: Record<string, unknown> = useSearch({ strict: false });
  const value = search[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Changes words of the address's query and keeps the others; undefined or empty removes one. */
export function useSetSearch(): (changes: Record<string, string | undefined>) => void {
  const navigate = useNavigate();
  return (changes) => {
    void navigate({
      to: '.',
      replace: true,
      search: (before: Record<string, unknown>) => {
        const after = { ...before, ...changes };
        return Object.fromEntries(Object.entries(after).filter(([, value]) => value !== undefined && value !== ''));
      },
    });
  };
}

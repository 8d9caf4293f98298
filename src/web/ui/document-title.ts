import { useEffect } from 'react';

/** Names the tab after the page, so that history and screen readers tell pages apart. */
export function useDocumentTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · AVA`;
  }, [title]);
}

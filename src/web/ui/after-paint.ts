import { useEffect, useState } from 'react';

const AT_MOST_MS = 100;

/** Resolves when the browser has drawn what is on the screen by now: a person sees that a click was heard before the work begins. */
export function afterPaint(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    // A tab in the background draws nothing.
    setTimeout(resolve, AT_MOST_MS);
  });
}

/** False until the frame that asked for this part is drawn: for parts that cost a slow telephone more than a frame. */
export function useIsPainted(): boolean {
  const [isPainted, setIsPainted] = useState(false);
  useEffect(() => {
    let isWanted = true;
    void afterPaint().then(() => isWanted && setIsPainted(true));
    return () => {
      isWanted = false;
    };
  }, []);
  return isPainted;
}

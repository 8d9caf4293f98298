/**
 * The files that a first visit needs, in the order in which they are of use. Many small files would each wait their turn:
 * browsers open six connections at most where the proxy in front speaks HTTP/1.1.
 */
const FIRST = [
  { name: 'session', test: /src\/web\/api\/early\.ts$|vite\/preload-helper/ },
  { name: 'main', test: /src\/web\/main\.tsx$/ },
  { name: 'routes', test: /src\/web\/routes\.tsx$/ },
];

/** Each takes with it whatever it imports and no earlier one has. */
export const FIRST_CHUNKS = FIRST.map((group, index) => ({ ...group, priority: FIRST.length - index }));

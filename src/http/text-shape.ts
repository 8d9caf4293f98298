/** Text that people write: what no database holds and no page shows is refused at the door. */
import { z } from 'zod';

// oxlint-disable-next-line no-control-regex
const UNSTORABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** Line breaks and tabs are text; other control characters and halves of characters are not. */
export function writtenText() {
  return z
    .string()
    .refine((text) => text.isWellFormed() && !UNSTORABLE.test(text), 'must not contain control characters');
}

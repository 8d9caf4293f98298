const PHONE_NUMBER = /\+(\d{2})\d{4,11}(\d{2})(?!\d)/g;
const ADDRESS = /(?<![\w.%+-])([\w.%+-])[\w.%+-]*@([\w-]+(?:\.[\w-]+)+)/g;

/** The text with phone numbers and e-mail addresses cut down to what tells one from another. */
export function discreet(text: string): string {
  return text.replace(PHONE_NUMBER, '+$1…$2').replace(ADDRESS, '$1…@$2');
}

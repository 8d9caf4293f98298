/** What the driver does not declare of itself: the functions with which it proves a password, looked up at each call. */
declare module 'pg/lib/crypto/utils.js' {
  const functions: Record<'deriveKey' | 'sha256' | 'hmacSha256', unknown>;
  export default functions;
}

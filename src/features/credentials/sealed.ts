/**
 * LIST: every column that is sealed with AVA_SECRET_KEY, by its table. A change of the key seals them all anew; what the
 * row is called is told by the functions `take_sealed` and `put_sealed` of the database.
 */
export const SEALED_COLUMNS = {
  vendor_credentials: 'secret',
  webhook_secrets: 'secret',
  calendar_connections: 'tokens',
  calendar_authorizations: 'verifier',
  assistants: 'deleted_copy',
} as const;

export type SealedTable = keyof typeof SEALED_COLUMNS;

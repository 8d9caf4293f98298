/** A vendor's message on its way into the ledger. */
export type IncomingEvent = {
  tenantId: string;
  vendor: 'vapi' | 'twilio';
  type: string;
  /** The same key is the same message, sent again. */
  dedupeKey: string;
  /** The fields that AVA keeps. */
  kept: object;
  vapiCallId: string | null;
  twilioCallSid: string | null;
  correlationId: string;
  receivedAt: Date;
};

export type QuarantinedEvent = Omit<IncomingEvent, 'tenantId' | 'vapiCallId' | 'twilioCallSid'> & { reason: string };

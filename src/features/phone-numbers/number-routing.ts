import type { RoutingPlan } from './fallback.ts';

/** What is known of a number when it rings. */
export type NumberRouting = {
  tenantId: string;
  sid: string;
  accountSid: string | null;
  phoneNumber: string;
  vapiPhoneNumberId: string | null;
  assistantId: string | null;
  mode: 'front_door' | 'flip' | 'off';
  plan: RoutingPlan;
  flipped: boolean;
  synthetic: boolean;
  version: number;
};

/** The outside services that have a twin or a sink here. */
export const vendors = ['vapi', 'twilio', 'slack', 'pagerduty', 'resend', 'google', 'microsoft', 'smtp'] as const;
export type Vendor = (typeof vendors)[number];

export function isVendor(name: string): name is Vendor {
  return (vendors as readonly string[]).includes(name);
}

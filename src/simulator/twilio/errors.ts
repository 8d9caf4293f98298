/** A refusal in Twilio's words; the twin's routes throw it. */
export class TwilioRefusal extends Error {
  readonly statusCode: number;
  readonly body: unknown;

  constructor(statusCode: number, code: number, message: string) {
    super(message);
    this.statusCode = statusCode;
    this.body = twilioErrorBody(statusCode, code, message);
  }
}

const usual: Record<number, { code: number; message: string }> = {
  400: { code: 20001, message: 'Invalid parameter' },
  401: { code: 20003, message: 'Authenticate' },
  403: { code: 20005, message: 'Account not active' },
  404: { code: 20404, message: 'The requested resource was not found' },
  405: { code: 20004, message: 'Method not allowed' },
  429: { code: 20429, message: 'Too Many Requests' },
  500: { code: 20500, message: 'An internal server error has occurred' },
  503: { code: 20503, message: 'Service unavailable' },
};

export function twilioErrorBody(status: number, code?: number, message?: string): unknown {
  const known = usual[status] ?? { code: 20500, message: 'An error has occurred' };
  const shownCode = code ?? known.code;
  return {
    code: shownCode,
    message: message ?? known.message,
    more_info: `https://www.twilio.com/docs/errors/${shownCode}`,
    status,
  };
}

export const refuse = (code: number, message: string) => new TwilioRefusal(400, code, message);

export const unauthorised = () => new TwilioRefusal(401, 20003, 'Authenticate');

export const notFound = (uri: string) => new TwilioRefusal(404, 20404, `The requested resource ${uri} was not found`);

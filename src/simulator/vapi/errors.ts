/** A refusal in Vapi's words; the twin's routes throw it. */
export class VapiRefusal extends Error {
  readonly statusCode: number;
  readonly body: unknown;

  constructor(statusCode: number, body: unknown) {
    super(`Vapi answers ${statusCode}`);
    this.statusCode = statusCode;
    this.body = body;
  }
}

const titles: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};

export function vapiErrorBody(status: number, message?: string | string[]): unknown {
  const title = titles[status] ?? 'Error';
  return { message: message ?? (status === 429 ? 'Rate limit exceeded' : title), error: title, statusCode: status };
}

export function refusal(status: number, message: string | string[]): VapiRefusal {
  return new VapiRefusal(status, vapiErrorBody(status, message));
}

export const invalidKey = () =>
  refusal(401, 'Invalid Key. Hot tip, you may be using the private key instead of the public key, or vice versa.');

export const notFound = (what: string, id: string) => refusal(404, `${what} with id ${id} not found`);

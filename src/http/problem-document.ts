import type { FieldProblem } from '../errors.ts';

export type ProblemInput = {
  code: string;
  status: number;
  title: string;
  detail: string;
  correlationId: string;
  fields?: FieldProblem[] | undefined;
  members?: Record<string, unknown> | undefined;
};

/** The members of an RFC 9457 problem document; `type` points at the entry in docs/errors.md that the API serves. */
export function problemDocument(input: ProblemInput): Record<string, unknown> {
  return {
    type: `/api/v1/docs/errors#${input.code}`,
    title: input.title,
    status: input.status,
    detail: input.detail,
    code: input.code,
    correlation_id: input.correlationId,
    ...(input.fields === undefined ? {} : { errors: input.fields }),
    ...input.members,
  };
}

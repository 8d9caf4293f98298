import type { Vendor } from '../../src/simulator/vendors.ts';
import type { Hooks, SeenAnswer, SeenRequest } from '../../src/simulator/world.ts';
import { contractsDir, findDocuments } from './documents.ts';
import { createOperations, type Operations } from './operations.ts';

export type Problem = { vendor: Vendor; operation: string; side: 'request' | 'answer'; message: string };

/** Holds what AVA sends, and what the twins answer, against the vendors' OpenAPI documents. */
export type ContractChecker = {
  /** False where the documents are not at hand; then nothing is ever a problem. */
  isAvailable: boolean;
  /** What could not be checked, in a sentence each; to be printed. */
  leftOut: string[];
  requestProblems(vendor: Vendor, request: SeenRequest): string[];
  answerProblems(vendor: Vendor, request: SeenRequest, answer: SeenAnswer): string[];
  /** A body that Vapi posts, such as `{"message": …}`, against a schema by name, such as `ServerMessage`. */
  vapiProblems(schema: string, body: unknown): string[];
  /** To be given to `startSimulator`: every request and answer is checked. */
  hooks: Hooks;
  /** All that was found through the hooks. */
  problems: Problem[];
  /** How many requests and answers went through the hooks. */
  checked: { requests: number; answers: number };
};

export function createContractChecker(folder = contractsDir): ContractChecker {
  const documents = findDocuments(folder);
  const operations: Partial<Record<Vendor, Operations>> = documents
    ? { vapi: createOperations(documents.vapi, 'vapi'), twilio: createOperations(documents.twilio, 'twilio') }
    : {};
  const problems: Problem[] = [];
  const checked = { requests: 0, answers: 0 };
  const requestProblems: ContractChecker['requestProblems'] = (vendor, request) =>
    operations[vendor]?.requestProblems(request) ?? [];
  const answerProblems: ContractChecker['answerProblems'] = (vendor, request, answer) =>
    operations[vendor]?.answerProblems(request, answer) ?? [];
  const note = (vendor: Vendor, side: Problem['side'], request: SeenRequest) => (message: string) =>
    void problems.push({ vendor, side, operation: `${request.method} ${request.path}`, message });
  return {
    isAvailable: documents !== undefined,
    leftOut: documents
      ? []
      : [`The OpenAPI documents of Vapi and Twilio are not in ${folder}: nothing is held against them`],
    requestProblems,
    answerProblems,
    vapiProblems: (schema, body) => operations.vapi?.schemaProblems(schema, body) ?? [],
    hooks: {
      onRequest(vendor, request) {
        checked.requests++;
        requestProblems(vendor, request).forEach(note(vendor, 'request', request));
      },
      onAnswer(vendor, request, answer) {
        checked.answers++;
        answerProblems(vendor, request, answer).forEach(note(vendor, 'answer', request));
      },
    },
    problems,
    checked,
  };
}

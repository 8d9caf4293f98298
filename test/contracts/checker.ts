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
  /** To be given to `startSimulator`: every request and answer is kept, to be checked later. */
  hooks: Hooks;
  /** Checks what came through the hooks. Not at once: the first use of a schema takes seconds, and a vendor answers quickly. */
  problems(): Problem[];
  /** How many requests and answers came through the hooks. */
  seen: { requests: number; answers: number };
};

export function createContractChecker(folder = contractsDir): ContractChecker {
  const documents = findDocuments(folder);
  const operations: Partial<Record<Vendor, Operations>> = documents
    ? { vapi: createOperations(documents.vapi, 'vapi'), twilio: createOperations(documents.twilio, 'twilio') }
    : {};
  const found: Problem[] = [];
  const waiting: (() => void)[] = [];
  const seen = { requests: 0, answers: 0 };
  const requestProblems: ContractChecker['requestProblems'] = (vendor, request) =>
    operations[vendor]?.requestProblems(request) ?? [];
  const answerProblems: ContractChecker['answerProblems'] = (vendor, request, answer) =>
    operations[vendor]?.answerProblems(request, answer) ?? [];
  const note = (vendor: Vendor, side: Problem['side'], request: SeenRequest) => (message: string) =>
    void found.push({ vendor, side, operation: `${request.method} ${request.path}`, message });
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
        seen.requests++;
        waiting.push(() => requestProblems(vendor, request).forEach(note(vendor, 'request', request)));
      },
      onAnswer(vendor, request, answer) {
        seen.answers++;
        waiting.push(() => answerProblems(vendor, request, answer).forEach(note(vendor, 'answer', request)));
      },
    },
    problems() {
      for (const check of waiting.splice(0)) check();
      return found;
    },
    seen,
  };
}

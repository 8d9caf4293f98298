/** The tools as a language model reads them. Vapi sends their calls to the assistant's own server, which is AVA. */
import { TOOL_NAMES, type ToolName } from './contract.ts';

export type Definition = { description: string; parameters: Record<string, unknown> };

const date = { type: 'string', description: 'The day as YYYY-MM-DD, in the local time of the business.' };
const duration = { type: 'integer', minimum: 5, maximum: 480, description: 'Length in minutes. Default: 30.' };
const calendar = {
  type: 'string',
  enum: ['google', 'microsoft'],
  description: 'Only where the business has connected both. Leave it out otherwise.',
};

export const DEFINITIONS: Record<ToolName, Definition> = {
  check_availability: {
    description:
      'Tells which times are free in the calendar of the business. Call it before you offer or book an appointment, and offer only times that it names.',
    parameters: {
      type: 'object',
      properties: {
        date,
        part_of_day: { type: 'string', enum: ['morning', 'afternoon', 'evening'] },
        duration_minutes: duration,
        calendar,
      },
      required: ['date'],
    },
  },
  book_appointment: {
    description:
      'Books an appointment in the calendar of the business. Call it once, after the caller has agreed to the day and the time. The answer says whether it is booked; promise nothing before.',
    parameters: {
      type: 'object',
      properties: {
        date,
        time: { type: 'string', description: 'The time as HH:MM, 24 hours, in the local time of the business.' },
        name: { type: 'string', description: "The caller's name." },
        reason: { type: 'string', description: 'What it is about, in a few words.' },
        duration_minutes: duration,
        calendar,
      },
      required: ['date', 'time', 'name'],
    },
  },
  transfer_to_person: {
    description:
      'Passes the caller on to a person of the business. Call it when the caller asks for a person, or needs help that you cannot give. The talk with you ends with it.',
    parameters: { type: 'object', properties: {} },
  },
};

/** As a member of `model.tools` of Vapi's assistants. */
export function vapiTool(name: ToolName): Record<string, unknown> {
  return { type: 'function', async: false, function: { name, ...DEFINITIONS[name] } };
}

export function isToolName(name: unknown): name is ToolName {
  return (TOOL_NAMES as readonly unknown[]).includes(name);
}

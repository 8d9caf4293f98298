/** Tools of AVA's that an assistant may call during a talk: which there are, and which of them an assistant has. */
import { z } from 'zod';

export const TOOL_ERRORS = {
  assistant_without_model: { status: 409, title: 'This assistant has no model that could use tools' },
} as const;

export const TOOL_NAMES = ['check_availability', 'book_appointment', 'transfer_to_person'] as const;
export type ToolName = (typeof TOOL_NAMES)[number];

export const assistantToolSchema = z
  .object({
    name: z.enum(TOOL_NAMES),
    /** What the assistant reads about it. */
    description: z.string(),
    /** The arguments, as JSON Schema. */
    parameters: z.record(z.string(), z.unknown()),
    /** Whether this assistant may call it. */
    enabled: z.boolean(),
  })
  .meta({ id: 'AssistantTool' });

export const assistantToolListSchema = z
  .object({ assistant_id: z.uuid(), tools: z.array(assistantToolSchema), etag: z.string() })
  .meta({ id: 'AssistantToolList' });

export const assistantToolParamsSchema = z.object({ id: z.uuid() });

/** The tools that the assistant has from now on; tools that are not AVA's stay as they are. */
export const assistantToolChangeSchema = z
  .strictObject({
    tools: z.array(z.enum(TOOL_NAMES)).max(TOOL_NAMES.length),
    reason: z.string().trim().min(1).max(500).optional(),
  })
  .meta({ id: 'AssistantToolChange' });

export type AssistantToolList = z.output<typeof assistantToolListSchema>;

/** Which of AVA's tools an assistant has. They stand in its model at Vapi, so a change of them is one edit like others. */
import { errorsOf, fail as failGeneral } from '../../errors.ts';
import { etagOf, matches } from '../../http/etag.ts';
import type { VapiAssistant } from '../../providers/vapi/shapes.ts';
import type { Assistants, Request } from '../assistants/assistants.ts';
import { type AssistantToolList, TOOL_ERRORS, TOOL_NAMES, type ToolName } from './contract.ts';
import { DEFINITIONS, isToolName, vapiTool } from './definitions.ts';

const fail = errorsOf(TOOL_ERRORS);

export type Equipment = ReturnType<typeof createEquipment>;

export function createEquipment({ assistants }: { assistants: Pick<Assistants, 'view' | 'edit'> }) {
  return {
    /** Throws not_found. */
    async list(tenantId: string, assistantId: string): Promise<AssistantToolList> {
      const view = await assistants.view(tenantId, assistantId);
      if (view.kind === 'none') throw failGeneral('not_found', 'There is no such assistant.');
      return wireOf(view.known.snapshot);
    },

    /** Gives the assistant exactly `names` of AVA's tools; its other tools stay. Throws conflict or assistant_without_model. */
    async put(assistantId: string, names: readonly ToolName[], request: Request): Promise<AssistantToolList> {
      const { tenantId, author, ifMatch, reason } = request;
      const known = await assistants.edit({
        ...{ tenantId, assistantId, author, reason: reason ?? null, checked: ifMatch !== undefined },
        plan(fresh) {
          const before = wireOf(fresh);
          if (!matches(ifMatch, before.etag)) throw changedMeanwhile(before, names);
          const details = { fields: ['tools'], before: enabledIn(fresh), after: TOOL_NAMES.filter(isIn(names)) };
          const note = { action: 'assistant.changed', subject: assistantId, details };
          return { action: 'set', patch: patchOf(fresh, names), note };
        },
      });
      return wireOf(known.snapshot);
    },
  };
}

function patchOf(assistant: VapiAssistant, names: readonly ToolName[]): Record<string, unknown> {
  const { model } = assistant;
  if (model === null || model === undefined) {
    throw fail('assistant_without_model', 'Choose a model for this assistant first; tools belong to the model.');
  }
  if (enabledIn(assistant).join() === TOOL_NAMES.filter(isIn(names)).join()) return {};
  const others = toolsOf(assistant).filter((tool) => !isToolName(nameOf(tool)));
  return { model: { ...model, tools: [...others, ...TOOL_NAMES.filter(isIn(names)).map(vapiTool)] } };
}

function wireOf(assistant: VapiAssistant): AssistantToolList {
  const enabled = enabledIn(assistant);
  const tools = TOOL_NAMES.map((name) => ({ name, ...DEFINITIONS[name], enabled: enabled.includes(name) }));
  return { assistant_id: assistant.id, tools, etag: etagOf({ assistant: assistant.id, enabled }) };
}

function enabledIn(assistant: VapiAssistant): ToolName[] {
  return TOOL_NAMES.filter(isIn(toolsOf(assistant).map(nameOf)));
}

function toolsOf({ model }: VapiAssistant): unknown[] {
  const tools = model?.['tools'];
  return Array.isArray(tools) ? (tools as unknown[]) : [];
}

function nameOf(tool: unknown): unknown {
  return (tool as { function?: { name?: unknown } } | null)?.function?.name;
}

function isIn(names: readonly unknown[]): (name: ToolName) => boolean {
  return (name) => names.includes(name);
}

function changedMeanwhile(current: AssistantToolList, yours: readonly ToolName[]) {
  const now = current.tools.filter((tool) => tool.enabled).map((tool) => tool.name);
  return failGeneral('conflict', 'Somebody else changed the tools of this assistant meanwhile. Look at them again.', {
    members: {
      current: { value: now, etag: current.etag, updated_at: null, updated_by: null },
      diff: [{ field: 'tools', base: null, current: now, yours }],
    },
  });
}

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { refusal, VapiRefusal } from './errors.ts';
import { bodyOf, listOf, storedOf } from './requests.ts';
import { isObject } from './rules.ts';
import { toolShapes } from './tool-shapes.ts';
import type { Org } from './store.ts';
import { orgOf, type VapiTwin } from './twin.ts';

export function toolRoutes(app: FastifyInstance, twin: VapiTwin): void {
  app.post('/tool', (request, reply) => {
    const { tools } = orgOf(twin, request);
    const shape = shapeFor(request.body && (request.body as { type?: unknown }).type);
    return reply.code(201).send(tools.add(bodyOf(request, shape.fields, shape.required)));
  });

  app.get('/tool', (request) => listOf(request, orgOf(twin, request).tools));

  app.get('/tool/:id', (request) => storedOf(request, orgOf(twin, request).tools, 'Tool'));

  app.patch('/tool/:id', (request) => {
    const { tools } = orgOf(twin, request);
    return patchTool(request, tools);
  });

  app.delete('/tool/:id', (request) => {
    const org = orgOf(twin, request);
    const { id } = storedOf(request, org.tools, 'Tool');
    if (isUsed(org, id)) {
      throw new VapiRefusal(409, { error: 'tool_pinned', message: 'The tool is in use by an assistant.' });
    }
    return org.tools.remove(id);
  });
}

/** The kind of a tool is for life: the update's shape has no `type`. */
function patchTool(request: FastifyRequest, tools: Org['tools']): unknown {
  const tool = storedOf(request, tools, 'Tool');
  const { type: _, ...fields } = shapeFor(tool.type).fields;
  return tools.patch(tool.id, bodyOf(request, fields));
}

function shapeFor(type: unknown) {
  const shape = typeof type === 'string' ? toolShapes[type] : undefined;
  if (!shape) throw refusal(400, [`type must be one of the following values: ${Object.keys(toolShapes).join(', ')}`]);
  return shape;
}

function isUsed(org: Org, toolId: string): boolean {
  return org.assistants.all().some((assistant) => {
    const toolIds = isObject(assistant.model) ? assistant.model.toolIds : undefined;
    return Array.isArray(toolIds) && toolIds.includes(toolId);
  });
}

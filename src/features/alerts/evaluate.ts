/** One evaluation as a pure function: what begins to fire and what is over, from what is known and what is seen now. */
import type { FleetView } from './fleet-view.ts';
import type { AlertRule } from './rules.ts';

export type OpenAlert = { rule: string; resource: string };

export type Evaluation = {
  fire: { rule: AlertRule; resource: string; value: number; startedAtMs: number }[];
  /** Still holding, with the newest figure. */
  hold: { rule: string; resource: string; value: number }[];
  resolve: OpenAlert[];
  pending: Record<string, number>;
};

export type EvaluationInput = {
  rules: readonly AlertRule[];
  view: FleetView;
  open: OpenAlert[];
  /**
   * Since when conditions have held that do not fire yet, and since when those are gone (`calm/…`) that are not over yet, in
   * milliseconds since the epoch.
   */
  pending: Record<string, number>;
  nowMs: number;
};

export function evaluate({ rules, view, open, pending, nowMs }: EvaluationInput): Evaluation {
  const isOpen = new Set(open.map(keyOf));
  const result: Evaluation = { fire: [], hold: [], resolve: [], pending: {} };
  const seen = new Set<string>();
  for (const rule of rules) {
    for (const { resource, value, sinceMs = 0, isFaint = false } of rule.find?.(view) ?? []) {
      const key = keyOf({ rule: rule.id, resource });
      if (isFaint && !isOpen.has(key)) continue;
      seen.add(key);
      const seenAtMs = pending[key] ?? nowMs;
      if (isOpen.has(key)) result.hold.push({ rule: rule.id, resource, value });
      else if (nowMs - seenAtMs < rule.forSeconds * 1000) result.pending[key] = seenAtMs;
      else result.fire.push({ rule, resource, value, startedAtMs: Math.min(seenAtMs, nowMs - sinceMs) });
    }
  }
  const ours = new Map(rules.filter((rule) => rule.find !== undefined).map((rule) => [rule.id, rule]));
  for (const alert of open) {
    const rule = ours.get(alert.rule);
    if (rule === undefined || seen.has(keyOf(alert))) continue;
    const calmKey = `calm/${keyOf(alert)}`;
    const calmAtMs = pending[calmKey] ?? nowMs;
    if (nowMs - calmAtMs < (rule.keepSeconds ?? 0) * 1000) result.pending[calmKey] = calmAtMs;
    else result.resolve.push(alert);
  }
  return result;
}

function keyOf({ rule, resource }: OpenAlert): string {
  return `${rule}/${resource}`;
}

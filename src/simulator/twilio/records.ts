import type { Clock } from '../../clock.ts';

/** A resource in Twilio's own shape: snake_case, numbers as strings, dates as RFC 2822. */
export type Resource = { sid: string; [field: string]: unknown };

export type Resources = {
  add(resource: Resource): Resource;
  find(sid: string): Resource | undefined;
  remove(sid: string): boolean;
  /** Newest first. */
  all(): Resource[];
};

export function createResources(): Resources {
  const items = new Map<string, Resource>();
  return {
    add(resource) {
      items.set(resource.sid, resource);
      return resource;
    },
    find: (sid) => items.get(sid),
    remove: (sid) => items.delete(sid),
    all: () => [...items.values()].toReversed(),
  };
}

export function rfc2822(date: Date): string {
  return date.toUTCString().replace('GMT', '+0000');
}

export function nowIn(story: Clock): string {
  return rfc2822(story.now());
}

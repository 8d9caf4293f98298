import { type Kysely, sql } from 'kysely';
import { SERVING_ROLE } from '../tenant-table.ts';

/**
 * Reads and writes the sealed secrets of many tenants in one round trip each. With the rights of whoever calls, and
 * one tenant visible at a time: row-level security stands as everywhere.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const { signature, definition } of FUNCTIONS) {
    await sql.raw(`create function ${definition}`).execute(db);
    await sql.raw(`revoke all on function ${signature} from public`).execute(db);
    await sql.raw(`grant execute on function ${signature} to ${SERVING_ROLE}`).execute(db);
  }
}

const FUNCTIONS = [
  {
    signature: 'take_sealed(uuid[], bytea)',
    definition: `take_sealed(tenants uuid[], prefix bytea)
      returns table (owner uuid, source text, row_key text, sealed bytea) language plpgsql as $body$
      declare t uuid;
      begin
        foreach t in array tenants loop
          perform set_config('app.tenant', t::text, true);
          return query select c.tenant_id, 'vendor_credentials', c.vendor, c.secret from vendor_credentials c
            where c.tenant_id = t and substring(c.secret from 1 for 5) = prefix for update skip locked;
          return query select w.tenant_id, 'webhook_secrets', w.id::text, w.secret from webhook_secrets w
            where w.tenant_id = t and substring(w.secret from 1 for 5) = prefix for update skip locked;
        end loop;
      end $body$`,
  },
  {
    signature: 'put_sealed(uuid[], text[], text[], bytea[])',
    definition: `put_sealed(owners uuid[], sources text[], row_keys text[], sealed bytea[])
      returns void language plpgsql as $body$
      begin
        for i in 1 .. coalesce(array_length(owners, 1), 0) loop
          perform set_config('app.tenant', owners[i]::text, true);
          if sources[i] = 'vendor_credentials' then
            update vendor_credentials set secret = sealed[i] where tenant_id = owners[i] and vendor = row_keys[i];
          else
            update webhook_secrets set secret = sealed[i] where tenant_id = owners[i] and id = row_keys[i]::uuid;
          end if;
        end loop;
      end $body$`,
  },
];

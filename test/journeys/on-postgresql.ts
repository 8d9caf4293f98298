/** That the second run of the journeys is what it says: on the system's PostgreSQL, with an owner of few rights. */
import { sql } from 'kysely';
import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { createTestDatabase } from '../harness/database.ts';

test.runIf(inject('postgresqlUrl'))(
  'the database is a PostgreSQL of the system, and its owner no superuser',
  async () => {
    const database = await createTestDatabase();
    const owner = new Client({ connectionString: database.url });
    await owner.connect();
    const { rows } = await owner.query(`select current_setting('is_superuser') as super, current_user as name,
    current_setting('server_version') as version`);
    expect(rows[0]).toMatchObject({ super: 'off', name: 'ava_owner' });
    console.log(`RESULT S02 journeys on PostgreSQL ${rows[0].version}`);
    const served = await sql<{ name: string }>`select current_user as name`.execute(database.database.system);
    expect(served.rows).toEqual([{ name: 'ava_app' }]);
    await owner.end();
    await database.drop();
  },
);

package postgresql_test

import (
	stdsql "database/sql"
	"slices"
	"testing"

	"service/internal/adapters/database/postgresql"
	"service/internal/testing/configured"
	place "service/internal/testing/places/database/postgresql"
)

func TestMigrationsGoBackAndForth(t *testing.T) {
	ctx, settings := t.Context(), place.Own(t, configured.Settings(t))
	err := postgresql.WithPool(settings, func(pool *stdsql.DB) error {
		for range 2 {
			if err := postgresql.Migrations().Up(ctx, pool); err != nil {
				return err
			}
			expectTables(t, pool, "activity", "dead_letters", "goose_db_version", "inbox", "leases", "outbox", "sessions", "users")
			if err := postgresql.Migrations().Down(ctx, pool); err != nil {
				return err
			}
			expectTables(t, pool, "goose_db_version")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func expectTables(t *testing.T, pool *stdsql.DB, expected ...string) {
	t.Helper()
	rows, err := pool.QueryContext(t.Context(), tables)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		found = append(found, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(found, expected) {
		t.Errorf("found the tables %v", found)
	}
}

const tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"

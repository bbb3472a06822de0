package sqlite_test

import (
	stdsql "database/sql"
	"slices"
	"testing"

	"service/internal/adapters/database/sqlite"
	"service/internal/testing/configured"
	place "service/internal/testing/places/database/sqlite"
)

func TestMigrationsGoBackAndForth(t *testing.T) {
	ctx, settings := t.Context(), place.Own(t, configured.Settings(t))
	err := sqlite.WithPool(settings, func(pool *stdsql.DB) error {
		for range 2 {
			if err := sqlite.Migrations().Up(ctx, pool); err != nil {
				return err
			}
			expectTables(t, pool, "activity", "dead_letters", "goose_db_version", "inbox", "leases", "outbox", "sessions", "users")
			if err := sqlite.Migrations().Down(ctx, pool); err != nil {
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

const tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"

package main

import (
	"context"
	"database/sql"
)

const columns = "SELECT id, email, name, role, created_at, generation FROM users"

type sqlUsers struct{ one, many *sql.Stmt }

func openSQL(driver, url, placeholder string) users {
	database, err := sql.Open(driver, url)
	if err != nil {
		panic(err)
	}
	database.SetMaxOpenConns(50)
	database.SetMaxIdleConns(20)
	one, err := database.Prepare(columns + " WHERE id = " + placeholder)
	if err != nil {
		panic(err)
	}
	many, err := database.Prepare(columns + " ORDER BY created_at DESC, id DESC LIMIT 51")
	if err != nil {
		panic(err)
	}
	return sqlUsers{one, many}
}

func (u sqlUsers) find(ctx context.Context, id string) (user, error) {
	return scan(u.one.QueryRowContext(ctx, id))
}

func (u sqlUsers) list(ctx context.Context) ([]user, error) {
	rows, err := u.many.QueryContext(ctx)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []user
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, rows.Err()
}

func scan(row interface{ Scan(...any) error }) (found user, err error) {
	err = row.Scan(&found.ID, &found.Email, &found.Name, &found.Role, &found.CreatedAt, &found.generation)
	return found, err
}

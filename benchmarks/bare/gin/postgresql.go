package main

import _ "github.com/jackc/pgx/v5/stdlib"

func open(url string) users { return openSQL("pgx", url, "$1") }

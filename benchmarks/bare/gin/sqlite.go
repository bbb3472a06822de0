package main

import (
	"strings"

	_ "modernc.org/sqlite"
)

func open(url string) users {
	return openSQL("sqlite", strings.TrimPrefix(url, "sqlite:///"), "?")
}

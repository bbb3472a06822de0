package postgresql

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
)

// restlessAfter is how long a connection may rest before it is asked for a sign of life: what lies between may have
// dropped it without a word.
const restlessAfter = time.Second

// shouldPing is asked before a connection is used again. One that the server has ended has the end to read, which can be
// seen without a round trip.
func shouldPing(_ context.Context, about stdlib.ShouldPingParams) bool {
	return about.IdleDuration > restlessAfter || hasToRead(about.Conn.PgConn().Conn())
}

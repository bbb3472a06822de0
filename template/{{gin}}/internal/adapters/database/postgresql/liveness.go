package postgresql

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
)

// longestRest is how long a connection may rest before it is asked for a sign of life: what lies between may have dropped
// it without a word.
const longestRest = time.Second

// shouldPing is asked before a connection is used again. One that the server has ended has the end to read, which can be
// seen without a round trip.
func shouldPing(_ context.Context, asked stdlib.ShouldPingParams) bool {
	return asked.IdleDuration > longestRest || hasToRead(asked.Conn.PgConn().Conn())
}

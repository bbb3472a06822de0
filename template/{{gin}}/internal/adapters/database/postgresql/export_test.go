package postgresql

// HasToRead, WithPool and Migrations are for the tests.
var (
	HasToRead  = hasToRead
	WithPool   = withPool
	Migrations = migrations
)

package sqlite

// WithPool and Migrations are for the tests.
var (
	WithPool   = withPool
	Migrations = migrations
)

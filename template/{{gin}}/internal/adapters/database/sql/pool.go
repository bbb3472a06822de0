package sql

import (
	"context"
	stdsql "database/sql"
	"sync"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"service/internal/platform/gate"
	"service/internal/platform/metrics"
	"service/internal/platform/statements"
	"service/internal/settings"
)

// Pool is a pool of connections, with every statement timed.
type Pool struct {
	*bun.DB

	timer    *statements.Timer
	gate     *gate.Gate // With a place for each connection.
	prepared sync.Map   // *stdsql.Stmt by its text.
}

// Open makes a pool as the settings ask for it, of so many connections at most.
func Open(
	pool *stdsql.DB, dialect schema.Dialect, most int, settings settings.Settings, metrics *metrics.Metrics,
) *Pool {
	pool.SetMaxIdleConns(settings.DatabasePoolSize)
	pool.SetMaxOpenConns(most)
	pool.SetConnMaxLifetime(settings.DatabasePoolRecycleSeconds.Duration())
	timer := statements.NewTimer(metrics, settings.SlowQueryMilliseconds.Duration())
	return &Pool{
		DB:    bun.NewDB(pool, dialect).WithQueryHook(&timing{timer}),
		timer: timer,
		gate:  gate.New(most, settings.DatabasePoolTimeoutSeconds.Duration()),
	}
}

// query carries out a statement that each connection reads and plans only once. Its values stand beside it, as $1 and so
// on, and bun has no part in it.
func (p *Pool) query(ctx context.Context, text string, values ...any) (*stdsql.Rows, error) {
	defer p.record(ctx, text, time.Now())
	statement, err := p.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	return statement.QueryContext(ctx, values...)
}

func (p *Pool) statement(ctx context.Context, text string) (*stdsql.Stmt, error) {
	if found, isThere := p.prepared.Load(text); isThere {
		return found.(*stdsql.Stmt), nil
	}
	made, err := p.DB.DB.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	found, isThere := p.prepared.LoadOrStore(text, made)
	if isThere { // Somebody was faster.
		_ = made.Close()
	}
	return found.(*stdsql.Stmt), nil
}

func (p *Pool) record(ctx context.Context, text string, began time.Time) {
	p.timer.Record(ctx, "SELECT", func() string { return text }, time.Since(began))
}

// transaction carries out the same statements, on the connection that it has.
type transaction struct {
	bun.Tx

	pool *Pool
}

func (t transaction) query(ctx context.Context, text string, values ...any) (*stdsql.Rows, error) {
	defer t.pool.record(ctx, text, time.Now())
	return t.Tx.Tx.QueryContext(ctx, text, values...)
}

// timing times the statements that bun carries out.
type timing struct{ timer *statements.Timer }

func (t *timing) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (t *timing) AfterQuery(ctx context.Context, event *bun.QueryEvent) {
	t.timer.Record(ctx, event.Operation(), func() string { return template(event) }, time.Since(event.StartTime))
}

// template is a statement with question marks for its values, which bun writes into it.
func template(event *bun.QueryEvent) string {
	if event.IQuery == nil {
		return event.QueryTemplate
	}
	text, err := event.IQuery.AppendQuery(schema.NewNopQueryGen(), nil)
	if err != nil {
		return event.Operation()
	}
	return string(text)
}

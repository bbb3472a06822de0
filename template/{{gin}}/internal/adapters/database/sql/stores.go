package sql

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"service/internal/domain"
)

// id is one as the service writes it: a UUID can be written in other ways too.
var id = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

const (
	// What the rest of the service may know of users.
	selectUsers = "SELECT id, email, name, role, created_at, version, generation FROM users"

	selectUser      = selectUsers + " WHERE id = $1"
	selectFirstPage = selectUsers + " ORDER BY created_at DESC, id DESC LIMIT $1"
	selectNextPage  = selectUsers + " WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3"
)

type userStore struct {
	database connection
	outbox   *outbox
	failures Failures
}

func (s *userStore) NextID() string { return domain.NewID().String() }

func (s *userStore) Get(ctx context.Context, userID string) (found domain.User, err error) {
	if !id.MatchString(userID) {
		return domain.User{}, domain.ErrNotFound
	}
	rows, err := s.database.query(ctx, selectUser, userID)
	if err != nil {
		return domain.User{}, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if !rows.Next() { // Once: to look for a second one would be half a statement more.
		return domain.User{}, cmp.Or(rows.Err(), error(domain.ErrNotFound))
	}
	return userOf(rows)
}

func (s *userStore) GetAccount(ctx context.Context, userID string) (domain.Account, error) {
	if !id.MatchString(userID) {
		return domain.Account{}, domain.ErrNotFound
	}
	row, err := s.find(ctx, "id = ?", userID)
	return row.account(), err
}

func (s *userStore) FindAccount(ctx context.Context, email string) (domain.Account, error) {
	if strings.Contains(email, "\x00") { // No e-mail has it, and not every database lets one ask.
		return domain.Account{}, domain.ErrNotFound
	}
	row, err := s.find(ctx, "email = ?", email)
	return row.account(), err
}

func (s *userStore) FindCreation(ctx context.Context, key string) (domain.User, domain.CreationKey, error) {
	row, err := s.find(ctx, "creation_key = ?", key)
	return row.account().User, domain.CreationKey{Value: key, Fingerprint: row.CreationFingerprint}, err
}

func (s *userStore) Page(ctx context.Context, after *domain.Cursor, limit int) ([]domain.User, error) {
	if after == nil {
		return s.users(ctx, selectFirstPage, limit)
	}
	if !id.MatchString(after.ID) {
		return nil, domain.InvalidCursor()
	}
	return s.users(ctx, selectNextPage, s.moment(after.CreatedAt), after.ID, limit)
}

func (s *userStore) Add(
	ctx context.Context, user domain.User, passwordHash string, event domain.Event, key *domain.CreationKey,
) error {
	row := userRowOf(user, passwordHash)
	if key != nil {
		row.CreationKey, row.CreationFingerprint = key.Value, key.Fingerprint
	}
	if _, err := s.database.NewInsert().Model(&row).Exec(ctx); err != nil {
		return s.emailTaken(err)
	}
	return s.outbox.Add(ctx, event)
}

func (s *userStore) Replace(
	ctx context.Context, user domain.User, event domain.Event, passwordHash string,
) (bool, error) {
	row := userRowOf(user, passwordHash)
	statement := s.database.NewUpdate().Model(&row).
		Column("email", "name", "role", "version", "generation").
		Where("id = ?", user.ID).
		Where("version = ?", user.Version-1)
	if passwordHash != "" {
		statement.Column("password_hash")
	}
	isReplaced, err := hasChanged(statement.Exec(ctx))
	if err != nil || !isReplaced {
		return false, s.emailTaken(err)
	}
	return true, s.outbox.Add(ctx, event)
}

func (s *userStore) Rehash(ctx context.Context, account domain.Account, oldHash string) error {
	return done(s.database.NewUpdate().Model((*userRow)(nil)).
		Set("password_hash = ?", account.PasswordHash).
		Where("id = ?", account.User.ID).
		Where("password_hash = ?", oldHash).
		Exec(ctx))
}

func (s *userStore) Delete(ctx context.Context, user domain.User, event domain.Event) (bool, error) {
	// Their sessions go with them, by the foreign key.
	isDeleted, err := hasChanged(s.database.NewDelete().Model((*userRow)(nil)).
		Where("id = ?", user.ID).
		Where("version = ?", user.Version).
		Exec(ctx))
	if err != nil || !isDeleted {
		return false, err
	}
	return true, s.outbox.Add(ctx, event)
}

func (s *userStore) users(ctx context.Context, text string, values ...any) (found []domain.User, err error) {
	rows, err := s.database.query(ctx, text, values...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		user, err := userOf(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, user)
	}
	return found, rows.Err()
}

// userOf is the user in the current row.
func userOf(rows *stdsql.Rows) (user domain.User, err error) {
	err = rows.Scan(
		&user.ID, &user.Email, &user.Name, &user.Role, &user.CreatedAt, &user.Version, &user.Generation,
	)
	user.CreatedAt = user.CreatedAt.UTC()
	return user, err
}

// moment is a time as bun writes it into statements.
func (s *userStore) moment(moment time.Time) string {
	return strings.Trim(string(s.database.Dialect().AppendTime(nil, moment)), "'")
}

func (s *userStore) find(ctx context.Context, condition, value string) (row userRow, err error) {
	return row, orNotFound(s.database.NewSelect().Model(&row).Where(condition, value).Scan(ctx))
}

func (s *userStore) emailTaken(err error) error {
	if err != nil && s.failures.IsConflict(err) {
		return domain.ErrEmailTaken.Because("Another user has this e-mail address.")
	}
	return err
}

type sessionStore struct {
	database bun.IDB
	outbox   *outbox
	failures Failures
}

func (s *sessionStore) Add(ctx context.Context, session domain.Session, event domain.Event) error {
	row := sessionRow{
		ID:         session.ID,
		UserID:     session.UserID,
		Generation: session.Generation,
		SecretHash: session.SecretHash,
		ExpiresAt:  session.ExpiresAt,
	}
	if _, err := s.database.NewInsert().Model(&row).Exec(ctx); err != nil {
		if s.failures.IsConflict(err) {
			return domain.ErrNotFound.Because("The user is gone.")
		}
		return err
	}
	return s.outbox.Add(ctx, event)
}

func (s *sessionStore) Get(ctx context.Context, sessionID string) (domain.Session, error) {
	var row sessionRow
	if err := orNotFound(s.database.NewSelect().Model(&row).Where("id = ?", sessionID).Scan(ctx)); err != nil {
		return domain.Session{}, err
	}
	return domain.Session{
		ID:         row.ID,
		UserID:     row.UserID,
		Generation: row.Generation,
		SecretHash: row.SecretHash,
		ExpiresAt:  row.ExpiresAt.UTC(),
	}, nil
}

func (s *sessionStore) Rotate(
	ctx context.Context, session domain.Session, secretHash string, expiresAt time.Time,
) (bool, error) {
	return hasChanged(s.database.NewUpdate().Model((*sessionRow)(nil)).
		Set("secret_hash = ?", secretHash).
		Set("expires_at = ?", expiresAt).
		Where("id = ?", session.ID).
		Where("secret_hash = ?", session.SecretHash).
		Exec(ctx))
}

func (s *sessionStore) Delete(ctx context.Context, sessionID string) error {
	return done(s.database.NewDelete().Model((*sessionRow)(nil)).Where("id = ?", sessionID).Exec(ctx))
}

func (s *sessionStore) DeleteExpired(ctx context.Context, userID string, now time.Time) error {
	return done(s.database.NewDelete().Model((*sessionRow)(nil)).
		Where("user_id = ?", userID).
		Where("expires_at <= ?", now).
		Exec(ctx))
}

func userRowOf(user domain.User, passwordHash string) userRow {
	return userRow{
		ID:           user.ID,
		Email:        user.Email,
		Name:         user.Name,
		Role:         string(user.Role),
		PasswordHash: passwordHash,
		CreatedAt:    user.CreatedAt,
		Version:      user.Version,
		Generation:   user.Generation,
	}
}

func (r userRow) account() domain.Account {
	return domain.Account{
		User: domain.User{
			ID:         r.ID,
			Email:      r.Email,
			Name:       r.Name,
			Role:       domain.Role(r.Role),
			CreatedAt:  r.CreatedAt.UTC(),
			Version:    r.Version,
			Generation: r.Generation,
		},
		PasswordHash: r.PasswordHash,
	}
}

func orNotFound(err error) error {
	if errors.Is(err, stdsql.ErrNoRows) {
		return domain.ErrNotFound
	}
	return err
}

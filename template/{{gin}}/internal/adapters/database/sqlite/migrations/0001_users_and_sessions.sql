-- +goose Up
CREATE TABLE users (
    id CHAR(36) NOT NULL,
    email VARCHAR(254) NOT NULL,
    name VARCHAR(100) NOT NULL,
    role VARCHAR(20) NOT NULL,
    password_hash VARCHAR(200) NOT NULL,
    created_at DATETIME NOT NULL,
    version INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    creation_key VARCHAR(64),
    creation_fingerprint VARCHAR(64),
    CONSTRAINT pk_users PRIMARY KEY (id),
    CONSTRAINT uq_users_email UNIQUE (email),
    CONSTRAINT uq_users_creation_key UNIQUE (creation_key)
);
CREATE INDEX ix_users_created_at_id ON users (created_at, id);

CREATE TABLE sessions (
    id VARCHAR(64) NOT NULL,
    user_id CHAR(36) NOT NULL,
    generation INTEGER NOT NULL,
    secret_hash VARCHAR(64) NOT NULL,
    expires_at DATETIME NOT NULL,
    CONSTRAINT pk_sessions PRIMARY KEY (id),
    CONSTRAINT fk_sessions_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);

-- +goose Down
DROP TABLE sessions;
DROP TABLE users;

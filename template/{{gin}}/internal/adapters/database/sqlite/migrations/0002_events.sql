-- +goose Up
CREATE TABLE outbox (
    position INTEGER NOT NULL,
    id VARCHAR(64) NOT NULL,
    source VARCHAR(1000) NOT NULL,
    type VARCHAR(1000) NOT NULL,
    subject VARCHAR(1000) NOT NULL,
    time DATETIME NOT NULL,
    data JSON NOT NULL,
    trace VARCHAR(64),
    CONSTRAINT pk_outbox PRIMARY KEY (position)
);

CREATE TABLE inbox (
    "key" VARCHAR(32) NOT NULL,
    id VARCHAR(1000) NOT NULL,
    source VARCHAR(1000) NOT NULL,
    type VARCHAR(1000) NOT NULL,
    subject VARCHAR(1000) NOT NULL,
    time DATETIME NOT NULL,
    data JSON NOT NULL,
    trace VARCHAR(64),
    CONSTRAINT pk_inbox PRIMARY KEY ("key")
);

CREATE TABLE dead_letters (
    id VARCHAR(32) NOT NULL,
    body BLOB NOT NULL,
    error TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    parked_at DATETIME NOT NULL,
    CONSTRAINT pk_dead_letters PRIMARY KEY (id)
);

CREATE TABLE activity (
    "key" VARCHAR(32) NOT NULL,
    id VARCHAR(1000) NOT NULL,
    type VARCHAR(1000) NOT NULL,
    user_id VARCHAR(64),
    "by" VARCHAR(64),
    time DATETIME NOT NULL,
    CONSTRAINT pk_activity PRIMARY KEY ("key")
);
CREATE INDEX ix_activity_time_key ON activity (time, "key");
CREATE INDEX ix_activity_user_id_time_key ON activity (user_id, time, "key");

CREATE TABLE leases (
    name VARCHAR(64) NOT NULL,
    owner VARCHAR(64) NOT NULL,
    until DATETIME NOT NULL,
    CONSTRAINT pk_leases PRIMARY KEY (name)
);

-- +goose Down
DROP TABLE leases;
DROP TABLE activity;
DROP TABLE dead_letters;
DROP TABLE inbox;
DROP TABLE outbox;

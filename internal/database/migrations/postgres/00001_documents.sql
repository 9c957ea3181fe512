-- +goose Up
CREATE TABLE heads (
	id      BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
	history BIGINT NOT NULL,
	events  BIGINT NOT NULL
);
INSERT INTO heads (id, history, events) VALUES (1, 0, 0);

CREATE TABLE documents (
	kind     TEXT COLLATE "C" NOT NULL,
	id       TEXT COLLATE "C" NOT NULL,
	revision BIGINT NOT NULL,
	sequence BIGINT NOT NULL,
	created  BIGINT NOT NULL,
	updated  BIGINT NOT NULL,
	body     TEXT NOT NULL,
	PRIMARY KEY (kind, id)
);

CREATE TABLE history (
	sequence BIGINT NOT NULL PRIMARY KEY,
	kind     TEXT COLLATE "C" NOT NULL,
	id       TEXT COLLATE "C" NOT NULL,
	revision BIGINT NOT NULL,
	actor    TEXT COLLATE "C" NOT NULL,
	created  BIGINT NOT NULL,
	time     BIGINT NOT NULL,
	before   TEXT,
	after    TEXT
);
CREATE INDEX history_document ON history (kind, id, sequence);
CREATE INDEX history_time ON history (time);

CREATE TABLE requests (
	actor   TEXT COLLATE "C" NOT NULL,
	request TEXT COLLATE "C" NOT NULL,
	first   BIGINT NOT NULL,
	last    BIGINT NOT NULL,
	time    BIGINT NOT NULL,
	PRIMARY KEY (actor, request)
);
CREATE INDEX requests_time ON requests (time);

CREATE TABLE events (
	sequence BIGINT NOT NULL PRIMARY KEY,
	id       TEXT COLLATE "C" NOT NULL UNIQUE,
	subject  TEXT COLLATE "C" NOT NULL,
	type     TEXT COLLATE "C" NOT NULL,
	time     BIGINT NOT NULL,
	body     TEXT NOT NULL
);
CREATE INDEX events_time ON events (time);

-- due is NULL while an earlier event of the subject waits, and of the dead.
CREATE TABLE deliveries (
	endpoint TEXT COLLATE "C" NOT NULL,
	sequence BIGINT NOT NULL,
	subject  TEXT COLLATE "C" NOT NULL,
	attempts BIGINT NOT NULL,
	problem  TEXT NOT NULL,
	due      BIGINT,
	died     BIGINT,
	PRIMARY KEY (endpoint, sequence)
);
CREATE INDEX deliveries_due ON deliveries (endpoint, due) WHERE due IS NOT NULL;
CREATE INDEX deliveries_line ON deliveries (endpoint, subject, sequence) WHERE died IS NULL;
CREATE INDEX deliveries_event ON deliveries (sequence);
CREATE INDEX deliveries_died ON deliveries (died) WHERE died IS NOT NULL;

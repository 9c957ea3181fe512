-- +goose Up
CREATE TABLE heads (
	id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
	history INTEGER NOT NULL,
	events  INTEGER NOT NULL
) STRICT;
INSERT INTO heads (id, history, events) VALUES (1, 0, 0);

CREATE TABLE documents (
	kind     TEXT    NOT NULL,
	id       TEXT    NOT NULL,
	revision INTEGER NOT NULL,
	sequence INTEGER NOT NULL,
	created  INTEGER NOT NULL,
	updated  INTEGER NOT NULL,
	body     TEXT    NOT NULL,
	PRIMARY KEY (kind, id)
) STRICT;

CREATE TABLE history (
	sequence INTEGER NOT NULL PRIMARY KEY,
	kind     TEXT    NOT NULL,
	id       TEXT    NOT NULL,
	revision INTEGER NOT NULL,
	actor    TEXT    NOT NULL,
	created  INTEGER NOT NULL,
	time     INTEGER NOT NULL,
	before   TEXT,
	after    TEXT
) STRICT;
CREATE INDEX history_document ON history (kind, id, sequence);
CREATE INDEX history_time ON history (time);

CREATE TABLE requests (
	actor   TEXT    NOT NULL,
	request TEXT    NOT NULL,
	first   INTEGER NOT NULL,
	last    INTEGER NOT NULL,
	time    INTEGER NOT NULL,
	PRIMARY KEY (actor, request)
) STRICT;
CREATE INDEX requests_time ON requests (time);

CREATE TABLE events (
	sequence INTEGER NOT NULL PRIMARY KEY,
	id       TEXT    NOT NULL UNIQUE,
	subject  TEXT    NOT NULL,
	type     TEXT    NOT NULL,
	time     INTEGER NOT NULL,
	body     TEXT    NOT NULL
) STRICT;
CREATE INDEX events_time ON events (time);

-- due is NULL while an earlier event of the subject waits, and of the dead.
CREATE TABLE deliveries (
	endpoint TEXT    NOT NULL,
	sequence INTEGER NOT NULL,
	subject  TEXT    NOT NULL,
	attempts INTEGER NOT NULL,
	problem  TEXT    NOT NULL,
	due      INTEGER,
	died     INTEGER,
	PRIMARY KEY (endpoint, sequence)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (endpoint, due) WHERE due IS NOT NULL;
CREATE INDEX deliveries_line ON deliveries (endpoint, subject, sequence) WHERE died IS NULL;
CREATE INDEX deliveries_event ON deliveries (sequence);
CREATE INDEX deliveries_died ON deliveries (died) WHERE died IS NOT NULL;

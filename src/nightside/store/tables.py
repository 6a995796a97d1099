"""The tables of the embedded store's SQLite file.

incident  one row per incident: what is asked for often, and the series of its chart
revision  every revision of every incident as JSON, for good
message   what is to be told of each incident
change    what was stored when, numbered
entity    everybody with samples, and what holds at the end of them
segment   the Parquet segments, numbered in the order they were written
piece     what the segments hold: a signal, or the part of it that lies in one row group
rollup    the hours of one entity's day
result    the results of checks that came last
result_segment  the Parquet segments of all others
token     who may hand something in, by the hashes of their tokens
report    what others said of an incident
withdrawal  which of it was taken back
acknowledgement  who has seen an incident
lease     what one program does alone, and until when
note      small things by name
"""

from __future__ import annotations

VERSION = 6
"""Of the tables; kept in the file as `user_version`. A new file has 0."""

INCIDENT = """
CREATE TABLE incident (
    id TEXT PRIMARY KEY,
    type TEXT NOT NULL,
    code TEXT NOT NULL,
    began INTEGER NOT NULL,
    ended INTEGER,
    reach INTEGER NOT NULL,  -- ended, or how far anybody looked
    severity INTEGER NOT NULL,  -- index into SEVERITIES
    status TEXT NOT NULL,
    revision INTEGER NOT NULL,  -- the latest
    merged_into TEXT REFERENCES incident (id),
    summary TEXT NOT NULL,
    series TEXT NOT NULL,
    FOREIGN KEY (id, revision) REFERENCES revision (id, revision) DEFERRABLE INITIALLY DEFERRED
) STRICT;
-- Lists are chosen and put into order from these alone; without merged_into SQLite would look at the wide rows.
CREATE INDEX incident_in_order ON incident (began, type, code, id, severity, status, ended, merged_into)
    WHERE merged_into IS NULL;
CREATE INDEX incident_of_entity ON incident (code, type, began, id, severity, status, ended, merged_into)
    WHERE merged_into IS NULL;
CREATE INDEX incident_of_status ON incident (status, began, type, code, id, severity, ended, merged_into)
    WHERE merged_into IS NULL;
"""

REVISION = """
CREATE TABLE revision (
    id TEXT NOT NULL REFERENCES incident (id) DEFERRABLE INITIALLY DEFERRED,
    revision INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (id, revision)
) STRICT, WITHOUT ROWID;
"""

MESSAGE = """
CREATE TABLE message (
    id TEXT NOT NULL REFERENCES incident (id) DEFERRABLE INITIALLY DEFERRED,
    position INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (id, position)
) STRICT, WITHOUT ROWID;
"""

CHANGE = """
CREATE TABLE change (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    id TEXT,
    revision INTEGER
) STRICT;
"""

SAMPLES = """
CREATE TABLE entity (
    number INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    first_s INTEGER NOT NULL,
    last_s INTEGER NOT NULL,
    units INTEGER,
    baseline INTEGER,
    UNIQUE (type, code)
) STRICT;
CREATE TABLE segment (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    written INTEGER NOT NULL UNIQUE
) STRICT;
CREATE TABLE piece (
    entity INTEGER NOT NULL REFERENCES entity (number),
    begin_s INTEGER NOT NULL,
    segment INTEGER NOT NULL REFERENCES segment (number),
    part INTEGER NOT NULL,  -- which piece of its segment
    end_s INTEGER NOT NULL,
    row_group INTEGER NOT NULL,
    first_row INTEGER NOT NULL,  -- within the row group
    row_count INTEGER NOT NULL,
    PRIMARY KEY (entity, begin_s, segment, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollup (
    entity_day INTEGER PRIMARY KEY,  -- see store/rollups.py
    hours BLOB NOT NULL
) STRICT;
"""

RESULTS = """
CREATE TABLE result (
    country TEXT NOT NULL,  -- empty for a canary
    at_ms INTEGER NOT NULL,
    place TEXT NOT NULL,
    target TEXT NOT NULL,
    kind TEXT NOT NULL,
    part TEXT NOT NULL,
    family INTEGER NOT NULL,
    group_name TEXT NOT NULL,
    address TEXT,
    outcome TEXT NOT NULL,
    failed_in TEXT,
    detail TEXT,
    resolve_ms REAL,
    connect_ms REAL,
    tls_ms REAL,
    first_byte_ms REAL,
    total_ms REAL,
    facts TEXT NOT NULL,
    reconstruction INTEGER NOT NULL,
    PRIMARY KEY (country, at_ms, place, target, kind, part, family)
) STRICT, WITHOUT ROWID;
CREATE TABLE result_segment (
    number INTEGER PRIMARY KEY,
    country TEXT NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    row_count INTEGER NOT NULL
) STRICT;
CREATE INDEX result_segment_of_country ON result_segment (country, first_ms, last_ms);
"""

TOKENS = """
CREATE TABLE token (
    digest BLOB PRIMARY KEY,
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    made_s INTEGER NOT NULL,
    heard_s INTEGER,
    revoked_s INTEGER,
    expires_s INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX token_in_use ON token (scope, name) WHERE revoked_s IS NULL;
"""

REPORTS = """
CREATE TABLE report (
    incident TEXT NOT NULL REFERENCES incident (id) DEFERRABLE INITIALLY DEFERRED,  -- to which it was attached
    report TEXT NOT NULL,  -- its id
    attached_s INTEGER NOT NULL,
    attached_by TEXT NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (incident, report)
) STRICT, WITHOUT ROWID;
CREATE TABLE withdrawal (
    incident TEXT NOT NULL,
    report TEXT NOT NULL,
    at_s INTEGER NOT NULL,
    by TEXT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (incident, report),
    FOREIGN KEY (incident, report) REFERENCES report (incident, report)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_merged ON incident (merged_into) WHERE merged_into IS NOT NULL;
"""

ACKNOWLEDGEMENTS = """
CREATE TABLE acknowledgement (
    incident TEXT NOT NULL REFERENCES incident (id) DEFERRABLE INITIALLY DEFERRED,  -- that was acknowledged
    id TEXT NOT NULL,
    at_s INTEGER NOT NULL,
    by TEXT NOT NULL,
    token TEXT NOT NULL,
    note TEXT NOT NULL,
    revision INTEGER NOT NULL,
    severity TEXT NOT NULL,
    withdrawn_s INTEGER,
    withdrawn_by TEXT,
    withdrawn_why TEXT,
    PRIMARY KEY (incident, id)
) STRICT, WITHOUT ROWID;
"""

LEASES = """
CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,  -- empty where it was given back
    number INTEGER NOT NULL,
    until_s REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE note (
    name TEXT PRIMARY KEY,
    text TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

PIECES_OF_SEGMENT = """
CREATE INDEX piece_of_segment ON piece (segment);
"""
"""Merging asks for it; without it every segment that goes is looked for in all pieces."""

ALL = (
    *(INCIDENT, REVISION, MESSAGE, CHANGE, SAMPLES, RESULTS, TOKENS, REPORTS, ACKNOWLEDGEMENTS),
    *(LEASES, PIECES_OF_SEGMENT),
)


def statements(*tables: str) -> list[str]:
    """The single statements that make these tables."""
    return [statement for some in tables for statement in some.split(";\n") if statement.strip()]

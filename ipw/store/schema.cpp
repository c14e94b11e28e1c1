// What is scanned for every report (calls, energy) is kept narrow and clustered by its key, so that
// a scan comes in the order of questions, attempts together; what is long (questions, answers) is
// appended to tables of its own.
#include "ipw/store/schema.h"

namespace ipw::store {
namespace {

constexpr const char* kSchema = R"sql(
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value NOT NULL
) WITHOUT ROWID;

CREATE TABLE sessions (
  number INTEGER PRIMARY KEY,
  wall_start TEXT NOT NULL,
  wall_start_ns INTEGER NOT NULL,
  base_ns INTEGER NOT NULL,
  pid INTEGER NOT NULL
);

CREATE TABLE tasks (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

CREATE TABLE questions (
  number INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  task INTEGER NOT NULL REFERENCES tasks,
  external_id TEXT,
  prompt TEXT NOT NULL,
  choices TEXT,
  reference TEXT NOT NULL
);
CREATE UNIQUE INDEX question_by_id ON questions (id, task);

CREATE TABLE calls (
  question INTEGER NOT NULL REFERENCES questions,
  repeat INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  session INTEGER NOT NULL REFERENCES sessions,
  answer INTEGER NOT NULL REFERENCES answers,
  outcome INTEGER NOT NULL,
  value REAL,
  finish INTEGER NOT NULL,
  prompt_tokens INTEGER,
  output_tokens INTEGER,
  cached_tokens INTEGER,
  reasoning_tokens INTEGER,
  intended_ns INTEGER NOT NULL,
  sent_ns INTEGER NOT NULL,
  started_ns INTEGER NOT NULL,
  first_token_ns INTEGER,
  last_token_ns INTEGER NOT NULL,
  flops REAL,
  peak_memory_bytes INTEGER,
  PRIMARY KEY (question, repeat, attempt)
) WITHOUT ROWID;

CREATE TABLE answers (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL,
  extracted TEXT NOT NULL,
  why TEXT NOT NULL,
  failure TEXT,
  logprobs BLOB
);

CREATE TABLE sensors (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  source TEXT NOT NULL,
  method TEXT NOT NULL,
  UNIQUE (id, source, method)
);

CREATE TABLE energy (
  question INTEGER NOT NULL,
  repeat INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  sensor INTEGER NOT NULL REFERENCES sensors,
  active_j REAL,
  loaded_idle_j REAL,
  device_power_w REAL,
  uncertainty_j REAL,
  coverage REAL,
  PRIMARY KEY (question, repeat, attempt, sensor)
) WITHOUT ROWID;

CREATE TABLE telemetry (
  sensor TEXT NOT NULL,
  second INTEGER NOT NULL,
  samples BLOB NOT NULL,
  PRIMARY KEY (sensor, second)
);

CREATE TABLE idle (
  session INTEGER NOT NULL REFERENCES sessions,
  phase TEXT NOT NULL,
  sensor TEXT NOT NULL,
  power_w REAL,
  power_stderr_w REAL,
  seconds REAL NOT NULL,
  n INTEGER NOT NULL
);

CREATE TABLE events (
  number INTEGER PRIMARY KEY,
  session INTEGER NOT NULL REFERENCES sessions,
  time TEXT NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL
);

CREATE VIEW records AS
SELECT lower(hex(q.id)) AS question_id, c.repeat AS repeat, q.external_id AS external_id,
       t.name AS task, c.attempt + 1 AS attempts,
       CASE c.outcome WHEN 0 THEN 'correct' WHEN 1 THEN 'incorrect' ELSE 'missing' END AS outcome,
       c.value AS value, a.extracted AS extracted, a.why AS why, a.failure AS failure,
       CASE c.finish WHEN 0 THEN 'stop' WHEN 1 THEN 'length' WHEN 2 THEN 'cancelled'
                     WHEN 3 THEN 'tool_calls' ELSE 'content_filter' END AS finish,
       c.prompt_tokens AS prompt_tokens, c.output_tokens AS output_tokens,
       c.cached_tokens AS cached_tokens, c.reasoning_tokens AS reasoning_tokens,
       c.started_ns / 1e9 AS started_s, c.last_token_ns / 1e9 AS last_token_s,
       (c.first_token_ns - c.intended_ns) / 1e9 AS ttft_s,
       (c.last_token_ns - c.intended_ns) / 1e9 AS latency_s,
       (c.last_token_ns - c.started_ns) / 1e9 AS service_s,
       c.flops AS flops, c.peak_memory_bytes AS peak_memory_bytes,
       q.prompt AS prompt, q.choices AS choices, q.reference AS reference, a.text AS text
FROM calls c
JOIN questions q ON q.number = c.question
JOIN tasks t ON t.number = q.task
JOIN answers a ON a.id = c.answer
WHERE c.attempt = (SELECT max(l.attempt) FROM calls l
                   WHERE l.question = c.question AND l.repeat = c.repeat);

CREATE VIEW record_energy AS
SELECT lower(hex(q.id)) AS question_id, e.repeat AS repeat, s.id AS sensor, s.source AS source,
       s.method AS method, sum(e.active_j) AS active_j,
       CASE WHEN count(e.loaded_idle_j) = count(*) THEN sum(e.loaded_idle_j) END AS loaded_idle_j,
       count(*) AS attempts_measured
FROM energy e
JOIN questions q ON q.number = e.question
JOIN sensors s ON s.number = e.sensor
GROUP BY e.question, e.repeat, e.sensor;
)sql";

}  // namespace

const char* schema_sql() { return kSchema; }

}  // namespace ipw::store

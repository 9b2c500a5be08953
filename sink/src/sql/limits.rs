//! How large and how deep a script may be, so that what it costs to plan is bounded.

/// Bytes of a script after `${NAME}` was filled in. Planning keeps about as much again in names and values.
pub const SCRIPT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of one statement. Its tokens take up to about 200 times as much while it is parsed.
pub const STATEMENT_BYTES_MAX: usize = 1024 * 1024;

/// Words, numbers, texts and operators of one statement. Each takes up to about 600 bytes in the tree that is made.
pub const TOKENS_MAX: usize = 200_000;

/// Hints of one statement; each is looked for behind each table.
pub const HINTS_MAX: usize = 100;

/// Statements of a script.
pub const STATEMENTS_MAX: usize = 10_000;

/// INSERTs of a job; each is compared with the others.
pub const INSERTS_MAX: usize = 1_000;

/// Characters of a name or another word.
pub const WORD_CHARS_MAX: usize = 1_000;

/// Columns of a table, fields of a ROW, and columns behind SELECT.
pub const COLUMNS_MAX: usize = 10_000;

/// Options of one table.
pub const OPTIONS_MAX: usize = 1_000;

/// Columns that all INSERTs of a job read and write together, nested fields included. Each takes about 500 bytes.
pub const JOB_COLUMNS_MAX: usize = 200_000;

/// How deep brackets, types, queries and CASE may nest. Unoptimized, the parser takes up to 180 KB of stack a level.
pub const DEPTH_MAX: usize = 40;

/// Words and operators between two commas or clauses, with those of the longest part in brackets. Each operator is a
/// level of the query's tree; walking it takes, unoptimized, up to 5 KB of stack a level.
pub const CHAIN_TOKENS_MAX: usize = 1_000;

/// Stack of the thread that parses: four times what the deepest script takes. A caller's own may be as small as 2 MiB.
pub const STACK_BYTES: usize = 32 * 1024 * 1024;

/// UNION, EXCEPT, INTERSECT and MINUS in a query. Each is a level of its tree.
pub const SET_OPERATIONS_MAX: usize = 100;

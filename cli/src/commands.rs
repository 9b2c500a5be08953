//! The commands: a table of contents.

use crate::args::{Args, Command, Flag};
use crate::exit::Failure;
use crate::output::Output;
use crate::signal::Stop;
use shared_flags::{CLUSTER, JOB, MESSAGE, PARTITIONS, REPLACED_BOOTSTRAP, SHOWN, SIDE, STOPPED};

mod broker;
mod consume;
mod doctor;
mod dump;
mod explain;
mod functions;
mod group;
mod job;
mod produce;
mod receipts;
mod records;
mod run;
mod shared_flags;
mod sql;
mod topic;
mod transactions;
mod wire;

/// Whether a command asks its user for one line after another.
pub(crate) fn is_prompt(name: &str, args: &Args) -> bool {
    name == "sql" && sql::is_prompt(args)
}

/// Every command with its flags, as `--help` shows them.
pub(crate) const TABLE: &[Command] = &[
    Command {
        name: "run",
        operands: &["JOB.sql"],
        about: "run a job until its sources end or a signal comes",
        flags: &[
            REPLACED_BOOTSTRAP,
            Flag {
                name: "--embedded",
                value: None,
                about: "run on a broker inside this process, and show what it wrote",
            },
            Flag {
                name: "--input",
                value: Some("TABLE=FILE"),
                about: "with --embedded: a JSON value of the file, or of another format a line, is a record; - is stdin",
            },
            Flag {
                name: "--follow",
                value: None,
                about: "with --embedded: keep running at the end of the input",
            },
            PARTITIONS,
            Flag {
                name: "--create-topics",
                value: None,
                about: "create missing topics, those of sinks with cleanup.policy=compact",
            },
            Flag {
                name: "--from-start-mode",
                value: None,
                about: "ignore the offsets that an earlier run committed",
            },
            Flag {
                name: "--resume",
                value: None,
                about: "go on from the group's offsets as they are, whichever job committed them",
            },
            Flag {
                name: "--health",
                value: Some("HOST:PORT"),
                about: "answer GET /ready and /live there, for who starts processes",
            },
            Flag {
                name: "--instance",
                value: Some("NAME"),
                about: "this process's name among those that share the job's groups: a restart has its partitions again \
                        at once",
            },
        ],
        shared: &[SHOWN, JOB, STOPPED],
    },
    Command {
        name: "sql",
        operands: &["[SCRIPT.sql]"],
        about: "statements one after another: at a prompt, or from a file or a pipe",
        flags: &[
            Flag {
                name: "--bootstrap",
                value: Some("HOST:PORT,…"),
                about: "the cluster of every table (a broker inside this process)",
            },
            PARTITIONS,
            Flag {
                name: "--create-topics",
                value: None,
                about: "create missing topics, as the broker inside this process always does",
            },
            Flag {
                name: "--from-start-mode",
                value: None,
                about: "INSERT ignores the offsets that an earlier run committed; SELECT always does",
            },
            Flag {
                name: "--resume",
                value: None,
                about: "INSERT goes on from them, whichever job committed them",
            },
        ],
        shared: &[SHOWN, JOB, STOPPED],
    },
    Command {
        name: "explain",
        operands: &["[JOB.sql]"],
        about: "what a job came to, or without one what becomes of each property; connects to nothing",
        flags: &[REPLACED_BOOTSTRAP],
        shared: &[SHOWN, JOB],
    },
    Command {
        name: "functions",
        operands: &["[NAME]"],
        about: "the functions of SQL, or all about one of them",
        flags: &[],
        shared: &[SHOWN],
    },
    Command {
        name: "broker",
        operands: &[],
        about: "run the embedded broker for other clients, in memory, until a signal comes",
        flags: &[
            Flag { name: "--listen", value: Some("HOST:PORT"), about: "where (127.0.0.1:9092)" },
            Flag {
                name: "--listener",
                value: Some("PROTOCOL://HOST:PORT"),
                about: "instead: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL, once for each; NAME=… names it",
            },
            Flag {
                name: "--tls-certificate",
                value: Some("FILE"),
                about: "PEM, its chain behind it (one is made)",
            },
            Flag { name: "--tls-key", value: Some("FILE"), about: "its private key, PEM, not encrypted" },
            Flag {
                name: "--tls-folder",
                value: Some("FOLDER"),
                about: "where the made one's ca.pem is written, and client.pem and client.key to log in with",
            },
            Flag {
                name: "--tls-client-auth",
                value: Some("none|requested|required"),
                about: "whether clients show a certificate (none, or required with --tls-client-ca)",
            },
            Flag {
                name: "--tls-client-ca",
                value: Some("FILE"),
                about: "who issues those, PEM (the made one's)",
            },
            Flag {
                name: "--tls-principal-rules",
                value: Some("RULES"),
                about: "what those are called: ssl.principal.mapping.rules (DEFAULT, the subject)",
            },
            Flag {
                name: "--user",
                value: Some("NAME:PASSWORD"),
                about: "may log in by PLAIN and SCRAM; others on this machine can read it, so rather --users",
            },
            Flag { name: "--users", value: Some("FILE"), about: "the same, a line each; # begins a comment" },
            Flag {
                name: "--oauth",
                value: Some("FILE|unsecured"),
                about: "OAUTHBEARER by keys in a JSON Web Key Set; unsecured takes tokens that anyone can write",
            },
            Flag {
                name: "--msk-iam-keys",
                value: Some("FILE"),
                about: "AWS_MSK_IAM, also as OAUTHBEARER, by Amazon's keys in it: ID:SECRET, a line each",
            },
            Flag {
                name: "--delegation-tokens",
                value: Some("FILE"),
                about: "makes delegation tokens by the secret key in it, and lets in who has one",
            },
            Flag {
                name: "--reauthentication",
                value: Some("TIME"),
                about: "clients log in again within this time, or are closed (never)",
            },
            Flag {
                name: "--acl",
                value: Some("RULE"),
                about: "what nobody is allowed is then denied: 'allow User:alice read,write topic orders-*'",
            },
            Flag {
                name: "--super-user",
                value: Some("PRINCIPAL"),
                about: "may do everything, as User:admin; with it, too, ACLs are in force",
            },
            Flag { name: "--nodes", value: Some("N"), about: "nodes, on this port and those after it (1)" },
            Flag {
                name: "--partitions",
                value: Some("N"),
                about: "partitions of topics created by being named (1)",
            },
            Flag { name: "--no-auto-create", value: None, about: "topics are created only on request" },
        ],
        shared: &[STOPPED],
    },
    Command {
        name: "topic list",
        operands: &[],
        about: "the topics of a cluster",
        flags: &[],
        shared: &[CLUSTER, SHOWN],
    },
    Command {
        name: "topic create",
        operands: &["TOPIC"],
        about: "create a topic",
        flags: &[
            Flag { name: "--partitions", value: Some("N"), about: "(the broker's default)" },
            Flag { name: "--replication-factor", value: Some("N"), about: "(the broker's default)" },
            Flag {
                name: "--config",
                value: Some("KEY=VALUE"),
                about: "a setting of the topic, such as cleanup.policy=compact",
            },
        ],
        shared: &[CLUSTER],
    },
    Command {
        name: "topic dump",
        operands: &["TOPIC"],
        about: "every record from the beginning to the end there is now",
        flags: &[Flag {
            name: "--compacted",
            value: None,
            about: "the newest value of each key alone, as compaction leaves it; holds a partition's keys",
        }],
        shared: &[CLUSTER, SHOWN],
    },
    Command {
        name: "group list",
        operands: &[],
        about: "the consumer groups of a cluster",
        flags: &[],
        shared: &[CLUSTER, SHOWN],
    },
    Command {
        name: "group describe",
        operands: &["GROUP"],
        about: "what a group has committed, how far that is behind, and which member reads it",
        flags: &[],
        shared: &[CLUSTER, SHOWN],
    },
    Command {
        name: "group reset",
        operands: &["GROUP"],
        about: "where a group without members begins next; shows it, and does it with --execute",
        flags: &[
            Flag {
                name: "--to",
                value: Some("WHERE"),
                about: "earliest, latest, an offset, +N or -N, or @ and milliseconds since 1970",
            },
            Flag {
                name: "--topic",
                value: Some("TOPIC"),
                about: "this topic, and others named likewise (all that the group has committed)",
            },
            Flag { name: "--execute", value: None, about: "commit these offsets" },
        ],
        shared: &[CLUSTER, SHOWN],
    },
    Command {
        name: "group delete",
        operands: &["GROUP"],
        about: "a group without members, and its offsets, for good",
        flags: &[],
        shared: &[CLUSTER],
    },
    Command {
        name: "transactions list",
        operands: &[],
        about: "the transactional ids of a cluster, and for how long each has had a transaction open",
        flags: &[Flag {
            name: "--topic",
            value: Some("TOPIC"),
            about: "instead what is open in this topic's partitions; what no coordinator knows of hangs",
        }],
        shared: &[CLUSTER, SHOWN],
    },
    Command {
        name: "transactions describe",
        operands: &["ID"],
        about: "one transactional id, and the partitions of its transaction",
        flags: &[],
        shared: &[CLUSTER, SHOWN],
    },
    Command {
        name: "transactions abort",
        operands: &["[ID]"],
        about: "an open transaction, whose producer is fenced; or by --topic one that hangs",
        flags: &[
            Flag {
                name: "--topic",
                value: Some("TOPIC"),
                about: "where one hangs, as transactions list --topic shows",
            },
            Flag { name: "--partition", value: Some("N"), about: "the partition" },
            Flag { name: "--producer-id", value: Some("ID"), about: "whose it is" },
        ],
        shared: &[CLUSTER],
    },
    Command {
        name: "produce",
        operands: &["TOPIC"],
        about: "a line of standard input is a record; with --property transactional.id=ID all are one transaction",
        flags: &[
            Flag { name: "--key-delimiter", value: Some("TEXT"), about: "what stands before it is the key" },
            Flag {
                name: "--null-value",
                value: Some("TEXT"),
                about: "a value that is this text becomes a tombstone",
            },
            Flag { name: "--partition", value: Some("N"), about: "this partition, not the one of the key" },
            Flag { name: "--metrics", value: None, about: "show at the end what was measured" },
        ],
        shared: &[CLUSTER, STOPPED],
    },
    Command {
        name: "consume",
        operands: &["TOPIC"],
        about: "records as they come, until a signal",
        flags: &[
            Flag {
                name: "--from",
                value: Some("WHERE"),
                about: "earliest, latest (default), or an offset that the log holds",
            },
            Flag { name: "--partition", value: Some("N"), about: "this partition alone" },
            Flag { name: "--count", value: Some("N"), about: "end after so many records" },
            Flag {
                name: "--group",
                value: Some("GROUP"),
                about: "as a member of this group, which keeps how far it came; --from says where it begins",
            },
        ],
        shared: &[CLUSTER, SHOWN, STOPPED],
    },
    Command {
        name: "doctor",
        operands: &[],
        about: "why a cluster lets nobody in: each step of reaching each listener, and what may be done there",
        flags: &[
            Flag {
                name: "--topic",
                value: Some("TOPIC"),
                about: "what the principal may do with this topic",
            },
            Flag {
                name: "--group",
                value: Some("GROUP"),
                about: "what the principal may do with this group",
            },
        ],
        shared: &[CLUSTER, SHOWN],
    },
    Command {
        name: "wire apis",
        operands: &[],
        about: "the APIs of the protocol and their versions",
        flags: &[Flag {
            name: "--data",
            value: None,
            about: "the messages that lie in logs and files instead",
        }],
        shared: &[SHOWN],
    },
    Command {
        name: "wire schema",
        operands: &["NAME", "[VERSION]"],
        about: "the fields of an API's messages, or of one message",
        flags: &[Flag {
            name: "--json",
            value: None,
            about: "the message at its defaults, to be filled in for wire encode",
        }],
        shared: &[SHOWN, SIDE],
    },
    Command {
        name: "wire decode",
        operands: &["[HEX]"],
        about: "a message's bytes, from standard input without HEX or with -, as JSON",
        flags: &[
            Flag {
                name: "--frame",
                value: None,
                about: "length and header stand before the body; a request's header says --api and --version",
            },
            Flag { name: "--binary", value: None, about: "standard input is the bytes themselves" },
            Flag {
                name: "--records",
                value: None,
                about: "batches and their records in the place of base64",
            },
        ],
        shared: &[MESSAGE],
    },
    Command {
        name: "wire encode",
        operands: &["[JSON]"],
        about: "a message's JSON, from standard input without JSON or with -, as bytes",
        flags: &[
            Flag {
                name: "--frame",
                value: None,
                about: "with length and header; the JSON may be what wire decode --frame prints",
            },
            Flag { name: "--correlation-id", value: Some("N"), about: "of the header (0)" },
            Flag { name: "--client-id", value: Some("TEXT"), about: "of a request's header (null)" },
            Flag { name: "--binary", value: None, about: "the bytes themselves, not as hexadecimal text" },
        ],
        shared: &[MESSAGE],
    },
    Command {
        name: "wire check",
        operands: &["FILE…"],
        about: "vectors, a JSON object a line, plain or gzip: read, written again and compared",
        flags: &[Flag { name: "--records", value: None, about: "every line is a record set" }],
        shared: &[],
    },
    Command {
        name: "wire stream",
        operands: &[],
        about: "the frames of a recorded connection, a JSON object a line",
        flags: &[
            Flag { name: "--requests", value: Some("FILE"), about: "what the client sent, byte for byte" },
            Flag {
                name: "--responses",
                value: Some("FILE"),
                about: "what the broker sent; each is shown after its request",
            },
            Flag { name: "--no-body", value: None, about: "headers alone" },
        ],
        shared: &[],
    },
];

/// Runs the command of that name.
///
/// # Errors
/// As the command says.
pub(crate) async fn run(name: &str, args: &Args, stop: &Stop, out: &mut Output) -> Result<(), Failure> {
    match name {
        "run" => run::run(args, stop, out).await,
        "sql" => sql::run(args, stop, out).await,
        "explain" => explain::run(args, out),
        "functions" => functions::run(args, out),
        "broker" => broker::run(args, stop, out).await,
        "topic list" => topic::list(args, out).await,
        "topic create" => topic::create(args).await,
        "topic dump" => dump::run(args, out).await,
        "doctor" => doctor::run(args, out).await,
        "group list" => group::list(args, out).await,
        "group describe" => group::describe(args, out).await,
        "group reset" => group::reset(args, out).await,
        "group delete" => group::delete(args).await,
        "transactions list" => transactions::list(args, out).await,
        "transactions describe" => transactions::describe(args, out).await,
        "transactions abort" => transactions::abort(args).await,
        "produce" => produce::run(args, stop).await,
        "consume" => consume::run(args, stop, out).await,
        _ if name.starts_with("wire ") => wire::run(&name["wire ".len()..], args, out),
        _ => Err(Failure::usage(format!("no command '{name}'"))),
    }
}

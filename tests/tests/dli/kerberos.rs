//! Logins by keytab, against a real Kafka and a KDC: skipped, aloud, where they are not to be had.

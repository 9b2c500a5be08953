//! Which settings say how a cluster is reached, and which belong to the producer, consumer or admin that reads them.

use super::Config;

impl Config {
    /// Whether both settings reach a cluster in the same way, so that [`Client::with_config`](crate::Client::with_config)
    /// can make a client of the one from a client of the other. They may differ in what each producer, consumer or
    /// admin reads for itself; all else must be equal, the addresses as they are written among it.
    pub fn connects_like(&self, other: &Self) -> bool {
        let mut one = self.clone();
        one.take_own_settings_from(other.clone());
        one == *other
    }

    /// A field that is missing here counts as one of the connections, which costs connections and is never wrong.
    fn take_own_settings_from(&mut self, other: Self) {
        // Read while a client is opened, and not again.
        self.bootstrap_timeout = other.bootstrap_timeout;
        // Of every call.
        self.default_api_timeout = other.default_api_timeout;
        self.topic_metadata_propagation_max = other.topic_metadata_propagation_max;
        // Of producers and consumers.
        self.client_rack = other.client_rack;
        // Of producers.
        self.acks = other.acks;
        self.batch_size = other.batch_size;
        self.buffer_memory = other.buffer_memory;
        self.compression = other.compression;
        self.compression_gzip_level = other.compression_gzip_level;
        self.compression_zstd_level = other.compression_zstd_level;
        self.delivery_timeout = other.delivery_timeout;
        self.enable_idempotence = other.enable_idempotence;
        self.linger = other.linger;
        self.max_block = other.max_block;
        self.max_in_flight = other.max_in_flight;
        self.max_request_size = other.max_request_size;
        self.metrics_num_samples = other.metrics_num_samples;
        self.metrics_sample_window = other.metrics_sample_window;
        self.partitioner_adaptive = other.partitioner_adaptive;
        self.partitioner_availability_timeout = other.partitioner_availability_timeout;
        self.partitioner_class = other.partitioner_class;
        self.partitioner_ignore_keys = other.partitioner_ignore_keys;
        self.partitioner_rack_aware = other.partitioner_rack_aware;
        self.retries = other.retries;
        self.transaction_timeout = other.transaction_timeout;
        self.transactional_id = other.transactional_id;
        // Of consumers.
        self.auto_commit_interval = other.auto_commit_interval;
        self.auto_offset_reset = other.auto_offset_reset;
        self.check_crcs = other.check_crcs;
        self.enable_auto_commit = other.enable_auto_commit;
        self.fetch_max_bytes = other.fetch_max_bytes;
        self.fetch_max_decompressed_bytes = other.fetch_max_decompressed_bytes;
        self.fetch_max_wait = other.fetch_max_wait;
        self.fetch_min_bytes = other.fetch_min_bytes;
        self.group_id = other.group_id;
        self.group_instance_id = other.group_instance_id;
        self.group_protocol = other.group_protocol;
        self.group_remote_assignor = other.group_remote_assignor;
        self.heartbeat_interval = other.heartbeat_interval;
        self.isolation_level = other.isolation_level;
        self.max_partition_fetch_bytes = other.max_partition_fetch_bytes;
        self.max_poll_interval = other.max_poll_interval;
        self.partition_assignment_strategy = other.partition_assignment_strategy;
        self.session_timeout = other.session_timeout;
    }
}

#[cfg(test)]
mod tests {
    use crate::{Config, Role};

    fn config(properties: &[(&str, &str)], role: Role) -> Config {
        let servers = [("bootstrap.servers", "a:1")];
        let properties = servers.iter().chain(properties).copied();
        Config::from_properties(properties, role).expect("a config").0
    }

    #[test]
    fn what_a_producer_or_a_consumer_reads_for_itself_separates_nothing() {
        let producer = config(&[("acks", "1"), ("linger.ms", "7"), ("max.block.ms", "9")], Role::Producer);
        let consumer = config(&[("group.id", "g"), ("fetch.min.bytes", "7")], Role::Consumer);
        assert!(producer.connects_like(&consumer) && consumer.connects_like(&producer));
    }

    #[test]
    fn what_connections_are_made_of_separates() {
        let plain = config(&[], Role::Consumer);
        for (key, value) in [
            ("bootstrap.servers", "b:1"),
            ("client.id", "x"),
            ("request.timeout.ms", "7000"),
            ("metadata.max.age.ms", "7"),
            ("connections.max.idle.ms", "7"),
            ("ssl.truststore.location", "/a"),
            ("ssl.endpoint.identification.algorithm", ""),
            ("sasl.mechanism", "PLAIN"),
            ("sasl.kerberos.service.name", "kafka"),
            ("java.security.krb5.conf", "/a"),
            ("sasl.oauthbearer.token.endpoint.url", "https://a"),
            (
                "sasl.jaas.config",
                "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"p\";",
            ),
        ] {
            let other = config(&[(key, value)], Role::Consumer);
            assert!(!plain.connects_like(&other), "{key}");
        }
        let security_protocol = crate::SecurityProtocol::Ssl;
        assert!(!plain.connects_like(&Config { security_protocol, ..plain.clone() }));
    }
}

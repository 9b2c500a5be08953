//! Ours beside kafka-protocol: the same messages and records, checked to be equal, then timed in turns.
//!
//! `cargo bench --manifest-path bench/peers/Cargo.toml [-- part of a line's name]`

use upsert_kafka_protocol::messages as ours;

mod line;
mod message;
mod orders;
mod records;
#[path = "../../../protocol/benches/messages/samples.rs"]
mod samples;

use line::Line;

fn main() {
    let wanted = std::env::args().skip(1).find(|it| !it.starts_with('-')).unwrap_or_default();
    Line::head();
    let found = messages().chain(record_batches()).filter(|line| line.name.contains(&wanted));
    let figures: Vec<_> = found.map(Line::run).collect();
    println!();
    figures.iter().for_each(|it| println!("{}", it.json()));
}

fn messages() -> impl Iterator<Item = Line> {
    use kafka_protocol::messages as theirs;
    let metadata = samples::metadata();
    let produce = samples::produce();
    let fetch = samples::fetch();
    let api_versions = samples::api_versions();
    message::lines::<ours::MetadataResponse, theirs::MetadataResponse>("Metadata response", 12, metadata)
        .into_iter()
        .chain(message::lines::<_, theirs::ProduceRequest>("Produce request", 9, produce))
        .chain(message::lines::<_, theirs::FetchResponse>("Fetch response", 12, fetch))
        .chain(message::lines::<_, theirs::ApiVersionsResponse>("ApiVersions response", 3, api_versions))
}

fn record_batches() -> impl Iterator<Item = Line> {
    let sizes = [("100 B", 100), ("1 KB", 1024)];
    sizes
        .into_iter()
        .flat_map(|(name, size)| records::PACKINGS.iter().flat_map(move |it| records::lines(name, size, it)))
}
